"""The work queue against a plain model of client-go's semantics, and with real threads."""

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from daskop.clock import SystemClock
from daskop.errors import ShutDownError
from daskop.metrics import Metrics
from daskop.workqueue.queue import Priority
from daskop.workqueue.rate_limiting_queue import RETRIES_PER_SECOND, RETRY_BURST, RateLimitingQueue
from tests.unit.fakes.clock import SteppedClock

BOUND_SECONDS = 20.0

ITEM = st.sampled_from("abc")
PRIORITY = st.sampled_from(Priority)
SECONDS = st.sampled_from([0.25, 0.5, 1.0, 2.0, 30.0])


class Model:
    """What client-go promises, with lists and dicts and no thought of speed."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waiting: list[str] = []  # in the order in which they began to wait at their priority
        self.dirty: dict[str, Priority] = {}
        self.in_work: dict[str, Priority] = {}
        self.delayed: dict[str, tuple[float, Priority]] = {}
        self.failures: dict[str, tuple[int, float]] = {}
        self.tokens = float(RETRY_BURST)
        self.closed = False

    def add(self, item: str, priority: Priority) -> None:
        if self.closed:
            return
        before = self.dirty.get(item)
        if before is not None and priority <= before:
            return
        self.dirty[item] = priority
        if item not in self.in_work:
            self.waiting = [*(other for other in self.waiting if other != item), item]

    def next(self) -> str:
        """Of the highest priority, the one that has waited longest."""
        return max(self.waiting, key=lambda item: self.dirty[item])  # of equals, the first

    def get(self) -> str:
        item = self.next()
        self.waiting.remove(item)
        self.in_work[item] = self.dirty.pop(item)
        return item

    def done(self, item: str) -> None:
        del self.in_work[item]
        if item in self.dirty:
            self.waiting.append(item)

    def add_after(self, item: str, seconds: float) -> None:
        priority = self.in_work.get(item, Priority.NORMAL)
        if seconds <= 0:
            self.add(item, priority)
        elif not self.closed:
            due = self.now + seconds
            earlier, higher = self.delayed.get(item, (due, priority))
            if due < earlier:
                del self.delayed[
                    item
                ]  # of those due at one moment the first that was told so leads
            self.delayed[item] = min(due, earlier), max(priority, higher)

    def back_off(self, item: str) -> float:
        """Count one failure, if the last one is over; return the seconds that it costs."""
        failures, due = self.failures.get(item, (0, 0.0))
        if self.now >= due:
            own = min(0.005 * 2.0 ** min(failures, 30), 1000.0)
            self.tokens -= 1
            due = self.now + max(own, -self.tokens / RETRIES_PER_SECOND)
            self.failures[item] = failures + 1, due
        return due - self.now

    def step(self, seconds: float) -> None:
        self.now += seconds
        self.tokens = min(float(RETRY_BURST), self.tokens + seconds * RETRIES_PER_SECOND)

    def move_due(self) -> None:
        for item, (due, priority) in sorted(self.delayed.items(), key=lambda entry: entry[1][0]):
            if due <= self.now:
                del self.delayed[item]
                self.add(item, priority)

    def shut_down(self, *, drop_waiting: bool) -> None:
        self.closed = True
        if drop_waiting:
            self.waiting.clear()
            self.dirty.clear()


class QueueMachine(RuleBasedStateMachine):
    """Does the same to the queue and to the model, and compares what can be seen of them."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = SteppedClock()
        self.queue: RateLimitingQueue[str] = RateLimitingQueue(
            "test", Metrics().queue("test"), self.clock
        )
        self.model = Model()

    @rule(item=ITEM, priority=PRIORITY)
    def add(self, item: str, priority: Priority) -> None:
        self.queue.add(item, priority)
        self.model.add(item, priority)

    @precondition(lambda self: self.model.waiting)
    @rule(retry_after=st.sampled_from([None, 0.25, 1.0]))
    def get(self, retry_after: float | None) -> None:
        item = self.model.get()
        assert item == self.queue.get()
        if retry_after is not None:
            self.add_after(item, retry_after)
            self.model.done(item)
            self.queue.done(item)

    @precondition(lambda self: self.model.closed and not self.model.waiting)
    @rule()
    def get_after_the_end(self) -> None:
        with pytest.raises(ShutDownError):
            self.queue.get()

    @precondition(lambda self: self.model.in_work)
    @rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        item = data.draw(st.sampled_from(sorted(self.model.in_work)))
        self.queue.done(item)
        self.model.done(item)

    @rule(item=ITEM, seconds=st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0]))
    def add_after(self, item: str, seconds: float) -> None:
        self.queue.add_after(item, seconds)
        self.model.add_after(item, seconds)

    @rule(item=ITEM, at_least=st.sampled_from([0.0, 0.0, 1.0]))
    def add_rate_limited(self, item: str, at_least: float) -> None:
        seconds = self.queue.add_rate_limited(item, at_least)
        assert pytest.approx(max(at_least, self.model.back_off(item))) == seconds
        self.model.add_after(item, seconds)

    @precondition(lambda self: self.model.tokens > 0)
    @rule(item=ITEM)
    def fail_often(self, item: str) -> None:
        for _ in range(40):
            self.add_rate_limited(item, 0.0)
            self.wait_unnoticed(1000.0)

    @rule(item=ITEM)
    def forget(self, item: str) -> None:
        self.queue.forget(item)
        self.model.failures.pop(item, None)

    @rule(seconds=SECONDS)
    def wait(self, seconds: float) -> None:
        self.clock.step(seconds)
        self.queue.move_due()
        self.model.step(seconds)
        self.model.move_due()

    @rule(seconds=SECONDS)
    def wait_unnoticed(self, seconds: float) -> None:
        self.clock.step(seconds)
        self.model.step(seconds)

    @precondition(lambda self: self.model.now > 10)  # so that most of a run comes before
    @rule(drop_waiting=st.booleans())
    def shut_down(self, drop_waiting: bool) -> None:
        self.queue.shut_down(drop_waiting=drop_waiting)
        self.model.shut_down(drop_waiting=drop_waiting)

    @invariant()
    def agree(self) -> None:
        assert len(self.model.waiting) == len(self.queue)
        assert set(self.model.in_work) == set(self.queue.work_seconds())
        if self.model.closed:
            assert (not self.model.dirty and not self.model.in_work) == self.queue.drain(0)

    def teardown(self) -> None:
        self.wait(10_000.0)  # longer than any delay
        for item in sorted(self.model.in_work):
            self.queue.done(item)
            self.model.done(item)
        while self.model.waiting:
            item = self.model.get()
            assert item == self.queue.get()
            self.model.done(item)
            self.queue.done(item)
        self.agree()
        self.queue.shut_down()
        self.get_after_the_end()
        assert self.queue.drain(0)


def test_the_queue_does_what_the_model_says() -> None:
    """
    Whatever is added, delayed, failed, taken, done and shut down: order and contents are client-go's.
    """
    profile = settings(max_examples=60, stateful_step_count=30, phases=[Phase.generate])
    run_state_machine_as_test(QueueMachine, settings=profile)


class Crew:
    """Real threads on one queue: feeders that want work done, and workers that do it."""

    def __init__(self) -> None:
        self.queue: RateLimitingQueue[str] = RateLimitingQueue(
            "test", Metrics().queue("test"), SystemClock()
        )
        self._changed = threading.Condition()  # guards everything below
        self._working: set[str] = set()
        self._wanted: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()
        self.clashes: list[str] = []

    def work(self) -> None:
        while True:
            try:
                item = self.queue.get()
            except ShutDownError:
                return
            with self._changed:
                if item in self._working:
                    self.clashes.append(item)
                self._working.add(item)
                self._seen[item] = self._wanted[item]
                self._changed.notify_all()
            with self._changed:
                self._working.discard(item)
            self.queue.done(item)

    def feed(self, keys: int, adds: int) -> None:
        for number in range(adds):
            item = str(number % keys)
            with self._changed:
                self._wanted[item] += 1
            if number % 3 == 2:
                self.queue.add_after(item, 0.0002)
            else:
                self.queue.add(item, Priority.LOW if number % 2 else Priority.NORMAL)

    def missed(self) -> Counter[str]:
        """Per item, the adds after which it was not handed out, once that must have happened."""
        with self._changed:
            self._changed.wait_for(lambda: self._seen == self._wanted, BOUND_SECONDS)
            return self._wanted - self._seen


@contextmanager
def many_switches() -> Iterator[None]:
    usual = sys.getswitchinterval()  # too long for the gaps between locks to show
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


# A failure does not shrink: each try of a lost item costs the whole bound.
@settings(max_examples=20, deadline=None, phases=[Phase.generate])
@given(workers=st.integers(1, 8), keys=st.integers(1, 5), adds=st.integers(1, 60))
def test_no_add_is_lost_and_no_key_has_two_workers(workers: int, keys: int, adds: int) -> None:
    """
    However many threads there are, every add is followed by a get, and one worker has a key.
    """
    crew = Crew()
    feeders = [threading.Thread(target=crew.feed, args=(keys, adds)) for _ in range(2)]
    hands = [threading.Thread(target=crew.work) for _ in range(workers)]
    with many_switches():
        crew.queue.start()
        for thread in [*feeders, *hands]:
            thread.start()
        for thread in feeders:
            thread.join()
        missed = crew.missed()
        crew.queue.shut_down()
        for thread in hands:
            thread.join()

    assert (Counter(), []) == (missed, crew.clashes)
