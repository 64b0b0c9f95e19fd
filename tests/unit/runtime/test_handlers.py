"""Which keys a change of a quota puts into a queue."""

from decimal import Decimal

from daskop.api.meta import NamespacedName
from daskop.api.quota import Quota
from daskop.cache.informer import Change
from daskop.clock import Clock
from daskop.metrics import Metrics
from daskop.runtime.handlers import ADMISSION_SECONDS, enqueue_refused
from daskop.workqueue.rate_limiting_queue import Backoff, RateLimitingQueue
from tests.unit.builders import NAMESPACE, a_meta, key
from tests.unit.fakes.clock import SteppedClock

REFUSED = {NAMESPACE: [key("a"), key("b")], "other": [NamespacedName("other", "c")]}
BACKOFF = Backoff(1.0, 60.0)


def a_quota(pods: int) -> Quota:
    return Quota(a_meta("q", "q-uid"), {"pods": Decimal(pods)})


def a_queue(clock: Clock) -> RateLimitingQueue[NamespacedName]:
    return RateLimitingQueue("q", Metrics().queue("q"), clock)


def due(queue: RateLimitingQueue[NamespacedName]) -> set[NamespacedName]:
    queue.move_due()
    return {queue.get() for _ in range(len(queue))}


def test_what_a_quota_refused_is_tried_once_there_is_room() -> None:
    """
    All that was refused in its namespace comes a second later, and with a back-off that begins anew.
    """
    clock = SteppedClock()
    queue = a_queue(clock)
    waits = []
    for _ in range(6):
        waits.append(queue.add_rate_limited(key("a"), backoff=BACKOFF))
        clock.step(waits[-1])
        queue.done(*due(queue))
    waits.append(queue.add_rate_limited(key("a"), backoff=BACKOFF))
    handle = enqueue_refused(queue, lambda namespace: REFUSED[namespace])

    handle(Change(a_quota(0), a_quota(1)))

    assert (BACKOFF.longest, set()) == (waits[-1], due(queue))
    clock.step(ADMISSION_SECONDS)
    assert {key("a"), key("b")} == due(queue)
    assert BACKOFF.first == queue.add_rate_limited(key("a"), backoff=BACKOFF)


def test_what_a_quota_refused_waits_while_there_is_none() -> None:
    """
    A quota that is new, or that leaves as little as before, is no reason to try again.
    """
    clock = SteppedClock()
    queue = a_queue(clock)
    handle = enqueue_refused(queue, lambda namespace: REFUSED[namespace])

    for change in (Change(None, a_quota(3)), Change(a_quota(3), a_quota(0))):
        handle(change)

    clock.step(ADMISSION_SECONDS)
    assert set() == due(queue)
