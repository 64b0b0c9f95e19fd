"""Delays and back-off of the work queue: client-go's promises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daskop.clock import SystemClock
from daskop.errors import ShutDownError
from daskop.metrics import Metrics
from daskop.workqueue.queue import Priority
from daskop.workqueue.rate_limiting_queue import ITEM_BACKOFF, Backoff, RateLimitingQueue
from tests.unit.fakes.clock import SteppedClock
from tests.unit.workqueue.draining import drained


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def queue(clock: SteppedClock) -> RateLimitingQueue[str]:
    """A queue whose thread does not run: tests move what is due themselves."""
    return RateLimitingQueue("test", Metrics().queue("test"), clock)


def test_a_delayed_item_becomes_due(queue: RateLimitingQueue[str], clock: SteppedClock) -> None:
    """
    An item waits for its time and not longer.
    """
    queue.add_after("a", 5)

    clock.step(4.9)
    queue.move_due()
    assert 0 == len(queue)
    clock.step(0.2)
    queue.move_due()
    assert ["a"] == drained(queue)


@given(delays=st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_of_several_delays_the_earliest_counts(delays: list[int]) -> None:
    """
    However often an item is delayed it comes once, at the earliest of its times.
    """
    clock = SteppedClock()
    queue: RateLimitingQueue[str] = RateLimitingQueue("test", Metrics().queue("test"), clock)
    for delay in delays:
        queue.add_after("a", delay)

    clock.step(min(delays) - 0.5)
    queue.move_due()
    early = drained(queue)
    clock.step(100)
    queue.move_due()

    assert ([], ["a"]) == (early, drained(queue))


def test_no_delay_is_at_once(queue: RateLimitingQueue[str]) -> None:
    """
    A delay of nothing adds the item behind those that wait.
    """
    queue.add("a")
    queue.add_after("b", 0)

    assert ["a", "b"] == drained(queue)


def test_back_off_doubles_up_to_a_limit_and_is_forgotten(
    queue: RateLimitingQueue[str], clock: SteppedClock
) -> None:
    """
    Each failure waits twice as long, 17 minutes at most; a success begins anew.
    """
    delays = []
    for _ in range(30):
        clock.step(1000.0)
        delays.append(queue.add_rate_limited("a"))
    queue.forget("a")

    assert pytest.approx([0.005, 0.01, 0.02]) == delays[:3]
    assert ITEM_BACKOFF.longest == delays[-1]
    assert pytest.approx(0.005) == queue.add_rate_limited("a")


def test_who_comes_back_early_has_failed_no_more_often(
    queue: RateLimitingQueue[str], clock: SteppedClock
) -> None:
    """
    A burst of events is no reason to wait for longer: what is left of the last delay counts.
    """
    delays = []
    for step in (0.0, 1.0, 1.5, 0.5, 3.0, 1.0):
        clock.step(step)
        delays.append(queue.add_rate_limited("a", backoff=Backoff(1.0, 60.0)))

    assert [1.0, 2.0, 0.5, 4.0, 1.0, 8.0] == delays


def test_the_thread_moves_what_is_due() -> None:
    """
    With the real clock an item that was delayed is handed out, and the shut-down ends the thread.
    """
    queue: RateLimitingQueue[str] = RateLimitingQueue(
        "test", Metrics().queue("test"), SystemClock()
    )
    queue.start()
    queue.add_after("b", 0.05)
    queue.add_after("a", 0.01)

    assert ["a", "b"] == [queue.get(), queue.get()]
    queue.add_after("c", 100)
    queue.shut_down()
    assert 0 == len(queue)


def test_a_queue_that_never_started_can_be_shut_down(queue: RateLimitingQueue[str]) -> None:
    """
    A process that ends while it starts shuts down queues without a thread; what comes is dropped.
    """
    queue.add_after("waits", 1)
    queue.shut_down()
    queue.add_after("late", 1)
    queue.add("late")

    with pytest.raises(ShutDownError):
        queue.get()


def test_items_fail_on_their_own(queue: RateLimitingQueue[str]) -> None:
    """
    The failures of one item do not delay another one.
    """
    for _ in range(5):
        queue.add_rate_limited("sick")

    assert 0.005 == queue.add_rate_limited("well")


def test_a_failure_can_have_a_backoff_of_its_own(
    queue: RateLimitingQueue[str], clock: SteppedClock
) -> None:
    """
    What is not going to mend itself in milliseconds begins with a longer wait, and ends shorter.
    """
    delays = []
    for _ in range(5):
        clock.step(6.0)
        delays.append(queue.add_rate_limited("a", backoff=Backoff(1.0, 6.0)))

    assert [1.0, 2.0, 4.0, 6.0, 6.0] == delays


def test_many_failures_take_turns(queue: RateLimitingQueue[str], clock: SteppedClock) -> None:
    """
    A hundred items may fail at once, then ten a second; a pause that a server asks for is kept.
    """
    delays = [queue.add_rate_limited(str(number)) for number in range(103)]
    clock.step(60)

    assert {0.005} == set(delays[:100])
    assert pytest.approx([0.1, 0.2, 0.3]) == delays[100:]
    assert 7.0 == queue.add_rate_limited("busy", at_least_seconds=7.0)


def test_a_retry_keeps_its_priority(queue: RateLimitingQueue[str], clock: SteppedClock) -> None:
    """
    An item of the backlog that fails does not overtake what is new; an urgent one does.
    """
    queue.add("old", Priority.LOW)
    queue.add("new")
    for item in (queue.get(), queue.get()):
        queue.add_rate_limited(item)
        queue.done(item)
    queue.add("older", Priority.LOW)
    clock.step(1)
    queue.move_due()

    assert ["new", "older", "old"] == drained(queue)


def test_the_queue_measures_itself(clock: SteppedClock) -> None:
    """
    Depth, adds, retries, waiting and working are told under client-go's names.
    """
    metrics = Metrics()
    queue: RateLimitingQueue[str] = RateLimitingQueue("test", metrics.queue("test"), clock)
    for item in ("a", "b", "c", "a"):
        queue.add(item)
    clock.step(2)
    queue.get()
    clock.step(1)
    queue.get()
    clock.step(4)
    queue.done("a")
    queue.add_rate_limited("a")

    def value(name: str) -> float | None:
        return metrics.registry.get_sample_value(f"workqueue_{name}", {"name": "test"})

    figures = {
        "depth": 1,
        "adds_total": 3,
        "retries_total": 1,
        "queue_duration_seconds_sum": 2 + 3,
        "work_duration_seconds_sum": 5,
        "unfinished_work_seconds": 4,
        "longest_running_processor_seconds": 4,
    }
    assert figures == {name: value(name) for name in figures}
