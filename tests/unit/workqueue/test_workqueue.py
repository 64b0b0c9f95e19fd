"""The work queue: client-go's promises."""

import threading
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daskop.clock import SystemClock
from daskop.errors import ShutDownError
from daskop.workqueue.queue import WorkQueue
from daskop.workqueue.rate_limiting_queue import LONGEST_SECONDS, RateLimitingQueue
from tests.unit.fakes.clock import SteppedClock

ROUNDS = 400


def drained(queue: WorkQueue[str]) -> list[str]:
    items = []
    while len(queue):
        items.append(queue.get())
        queue.done(items[-1])
    return items


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def queue(clock: SteppedClock) -> RateLimitingQueue[str]:
    """A queue whose thread does not run: tests move what is due themselves."""
    return RateLimitingQueue("test", clock)


def test_an_item_waits_once() -> None:
    """
    Adding an item that waits already changes nothing.
    """
    queue: WorkQueue[str] = WorkQueue()
    for item in ("a", "b", "a"):
        queue.add(item)

    assert ["a", "b"] == drained(queue)


def test_an_item_added_while_it_is_processed_comes_again_after_done() -> None:
    """
    A change during the work is not lost, and does not start a second worker.
    """
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    item = queue.get()
    queue.add("a")

    assert 0 == len(queue)
    queue.done(item)
    assert ["a"] == drained(queue)


def test_shut_down_hands_out_what_waits_and_then_ends() -> None:
    """
    After the shut-down workers get the rest, then an error, and nothing new is taken.
    """
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    queue.shut_down()
    queue.add("b")

    assert "a" == queue.get()
    with pytest.raises(ShutDownError):
        queue.get()


def test_no_add_is_lost_and_no_item_has_two_workers() -> None:
    """
    With many threads every add is followed by a get that starts after it, one worker an item.
    """
    queue: WorkQueue[str] = WorkQueue()
    lock = threading.Lock()
    working: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    clashes: list[str] = []

    def work() -> None:
        while True:
            try:
                item = queue.get()
            except ShutDownError:
                return
            with lock:
                working[item] += 1
                if working[item] > 1:
                    clashes.append(item)
                seen[item] = wanted[item]
            with lock:
                working[item] -= 1
            queue.done(item)

    def feed(offset: int) -> None:
        for number in range(ROUNDS):
            item = str((number + offset) % 7)
            with lock:
                wanted[item] += 1
            queue.add(item)

    workers = [threading.Thread(target=work) for _ in range(4)]
    feeders = [threading.Thread(target=feed, args=(n,)) for n in range(3)]
    for thread in [*workers, *feeders]:
        thread.start()
    for thread in feeders:
        thread.join()
    queue.shut_down()
    for thread in workers:
        thread.join()

    assert ([], wanted) == (clashes, seen)


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
    queue: RateLimitingQueue[str] = RateLimitingQueue("test", clock)
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


def test_back_off_doubles_up_to_a_limit_and_is_forgotten(queue: RateLimitingQueue[str]) -> None:
    """
    Each failure waits twice as long, 17 minutes at most; a success begins anew.
    """
    delays = [queue.add_rate_limited("a") for _ in range(30)]
    queue.forget("a")

    assert [0.005, 0.01, 0.02] == delays[:3]
    assert LONGEST_SECONDS == delays[-1]
    assert 0.005 == queue.add_rate_limited("a")


def test_the_thread_moves_what_is_due() -> None:
    """
    With the real clock an item that was delayed is handed out, and the shut-down ends the thread.
    """
    queue: RateLimitingQueue[str] = RateLimitingQueue("test", SystemClock())
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
