"""
A queue that never hands the same item to two workers and never loses a change.

The algorithm is that of client-go's ``util/workqueue``: an item is *dirty* from ``add`` until a
worker takes it, and *processing* from ``get`` until ``done``. An item that is added while it is
processed is not queued a second time but when ``done`` is called.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from enum import IntEnum
from typing import Generic, NamedTuple, TypeVar

from daskop.clock import Clock
from daskop.errors import ShutDownError
from daskop.queue_metrics import QueueMetrics

T = TypeVar("T", bound=Hashable)


class Priority(IntEnum):
    """Items of the higher priority come first; controller-runtime's two values."""

    LOW = -100
    """What a full list brings: after a restart fresh changes overtake that backlog."""

    NORMAL = 0


class _Wanted(NamedTuple):
    """How urgent an item is, and since when (by the monotonic clock)."""

    priority: Priority
    since: float


class WorkQueue(Generic[T]):
    """First in, first out within a priority, each item at most once."""

    def __init__(self, metrics: QueueMetrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock
        # Entered at each step: a condition is several times as slow as its lock, so it is only
        # asked where somebody waits.
        self._lock = threading.Lock()  # guards everything below, the metrics included
        self._condition = threading.Condition(self._lock)
        self._waiters = 0  # threads that wait for an item
        # Ordered sets. Every item in them is dirty and not processing.
        self._waiting: dict[Priority, OrderedDict[T, None]] = {
            priority: OrderedDict() for priority in sorted(Priority, reverse=True)
        }
        self._dirty: dict[T, _Wanted] = {}
        self._processing: dict[T, _Wanted] = {}
        self._shutting_down = False
        metrics.depth = self.__len__
        metrics.work_seconds = lambda: self.work_seconds().values()

    def add(self, item: T, priority: Priority = Priority.NORMAL) -> None:
        """
        Mark *item* as in need of work; nothing after the shut-down.

        If it is marked already, the higher of both priorities counts.
        """
        now = self._clock.monotonic()
        with self._lock:
            if self._shutting_down or not self._mark(item, _Wanted(priority, now)):
                return
            self._metrics.adds += 1
            if item not in self._processing:
                self._push(item)

    def get(self) -> T:
        """
        Block until an item is due, and take it.

        Every call that returns must be paired with :meth:`done`.

        Raises:
            ShutDownError: If the queue is shut down and empty.
        """
        with self._lock:
            while not (item := self._pop()):
                if self._shutting_down:
                    raise ShutDownError("the queue is shut down")
                self._waiters += 1
                self._condition.wait()
                self._waiters -= 1
            wanted = self._dirty.pop(item[0])
            now = self._clock.monotonic()
            self._processing[item[0]] = _Wanted(wanted.priority, now)
            self._metrics.queued.observe(now - wanted.since)
            return item[0]

    def done(self, item: T) -> None:
        """End the work on *item*; it is queued again if it was added meanwhile."""
        with self._lock:
            started = self._processing.pop(item).since
            self._metrics.worked.observe(self._clock.monotonic() - started)
            if item in self._dirty:
                self._push(item)
            elif self._shutting_down:
                self._condition.notify_all()  # somebody may wait for the end of the work

    def work_seconds(self) -> dict[T, float]:
        """How long each item in work has been so."""
        with self._lock:
            now = self._clock.monotonic()
            return {item: now - wanted.since for item, wanted in self._processing.items()}

    def shut_down(self, *, drop_waiting: bool = False) -> None:
        """
        Take no more items.

        Args:
            drop_waiting: Forget what waits, which a successor finds by itself; else workers
                still get it, as in client-go.
        """
        with self._lock:
            self._shutting_down = True
            if drop_waiting:
                self._dirty.clear()
                for items in self._waiting.values():
                    items.clear()
            self._condition.notify_all()

    def drain(self, seconds: float) -> bool:
        """After the shut-down: wait until all work is done; False if it was not in time."""
        with self._lock:
            return self._condition.wait_for(
                lambda: not self._dirty and not self._processing, seconds
            )

    def __len__(self) -> int:
        """The items that wait; for information only, it is old when it is read."""
        with self._lock:
            return sum(map(len, self._waiting.values()))

    def _note_retry(self, item: T) -> Priority:
        """Count a retry, and return the priority at which *item* was taken: it keeps that."""
        with self._lock:
            self._metrics.retries += 1
            wanted = self._processing.get(item)
            return wanted.priority if wanted else Priority.NORMAL

    def _mark(self, item: T, wanted: _Wanted) -> bool:
        """Make *item* dirty; return False if it was already."""
        marked = self._dirty.get(item)
        if marked is None:
            self._dirty[item] = wanted
            return True
        if wanted.priority > marked.priority:
            self._dirty[item] = marked._replace(priority=wanted.priority)
            if item in self._waiting[marked.priority]:
                del self._waiting[marked.priority][item]
                self._waiting[wanted.priority][item] = None
        return False

    def _push(self, item: T) -> None:
        self._waiting[self._dirty[item].priority][item] = None
        if self._waiters:
            self._condition.notify()

    def _pop(self) -> tuple[T] | None:
        """The item that comes first, taken out; None if none waits."""
        for items in self._waiting.values():
            if items:
                return (items.popitem(last=False)[0],)
        return None
