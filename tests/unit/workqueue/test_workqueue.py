"""The work queue: client-go's promises."""

import threading
from collections import Counter

import pytest

from daskop.clock import SystemClock
from daskop.errors import ShutDownError
from daskop.metrics import Metrics
from daskop.workqueue.queue import Priority, WorkQueue
from tests.unit.workqueue.draining import drained

ROUNDS = 400
BOUND_SECONDS = 8.0


def a_queue() -> WorkQueue[str]:
    return WorkQueue(Metrics().queue("test"), SystemClock())


def test_an_item_waits_once() -> None:
    """
    Adding an item that waits already changes nothing.
    """
    queue = a_queue()
    for item in ("a", "b", "a"):
        queue.add(item)

    assert ["a", "b"] == drained(queue)


def test_an_item_added_while_it_is_processed_comes_again_after_done() -> None:
    """
    A change during the work is not lost, and does not start a second worker.
    """
    queue = a_queue()
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
    queue = a_queue()
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
    queue = a_queue()
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


def test_fresh_items_overtake_the_backlog() -> None:
    """
    What a full list brings waits behind what has just changed, and comes in its own order.
    """
    queue = a_queue()
    for item in ("old 1", "old 2", "old 3"):
        queue.add(item, Priority.LOW)
    queue.add("new 1")
    queue.add("new 2")
    queue.add("old 2")  # it has changed as well

    assert ["new 1", "new 2", "old 2", "old 1", "old 3"] == drained(queue)


def test_a_lower_priority_changes_nothing() -> None:
    """
    An item that is urgent already stays so when a list brings it, also while it is in work.
    """
    queue = a_queue()
    queue.add("a")
    queue.add("a", Priority.LOW)
    item = queue.get()
    queue.add("a", Priority.LOW)
    queue.add("b", Priority.LOW)
    queue.add("a")
    queue.done(item)

    assert ["a", "b"] == drained(queue)


def test_a_shut_down_can_drop_what_waits() -> None:
    """
    A process that ends does not work off its backlog: its successor finds it by itself.
    """
    queue = a_queue()
    queue.add("in work")
    queue.get()
    queue.add("waits")
    queue.add("in work")
    queue.shut_down(drop_waiting=True)
    in_time = queue.drain(0.01)
    queue.done("in work")

    assert (False, True) == (in_time, queue.drain(0.01))
    with pytest.raises(ShutDownError):
        queue.get()


def test_drain_waits_for_the_last_worker() -> None:
    """
    Somebody who waits for the end is told as soon as the last item is done.
    """
    queue = a_queue()
    queue.add("a")
    queue.get()
    queue.shut_down()
    threading.Timer(0.02, queue.done, ["a"]).start()

    assert queue.drain(BOUND_SECONDS)
