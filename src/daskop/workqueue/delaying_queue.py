"""``add_after``: items that become due later, by one thread that sleeps until the earliest."""

import heapq
import threading
from itertools import count

from daskop.clock import Clock
from daskop.queue_metrics import QueueMetrics
from daskop.workqueue.queue import Priority, T, WorkQueue


class DelayingQueue(WorkQueue[T]):
    """A work queue with a waiting room."""

    def __init__(self, name: str, metrics: QueueMetrics, clock: Clock) -> None:
        super().__init__(metrics, clock)
        self._room = threading.Condition()  # guards everything below
        self._due: dict[T, tuple[float, Priority]] = {}
        self._heap: list[tuple[float, int, T]] = []  # may hold entries that _due has overruled
        self._order = count()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"delays-{name}")

    def start(self) -> None:
        """Begin to move items that are due."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread that moves items lives."""
        return self._thread.is_alive()

    def add_after(self, item: T, seconds: float) -> None:
        """
        Add *item* once *seconds* have passed; of two delays the earlier one counts.

        An item that is in work keeps the priority at which it was taken.
        """
        priority = self._note_retry(item)
        if seconds <= 0:
            self.add(item, priority)
            return
        due = self._clock.monotonic() + seconds
        with self._room:
            if self._closed:
                return
            earlier, higher = self._due.get(item, (due, priority))
            # As in controller-runtime: the earlier moment, and the higher priority.
            self._due[item] = min(due, earlier), max(priority, higher)
            if due <= earlier:
                heapq.heappush(self._heap, (due, next(self._order), item))
                self._room.notify()

    def shut_down(self, *, drop_waiting: bool = False) -> None:
        """Forget what is not due yet, end the thread, and take no more items."""
        with self._room:
            self._closed = True
            self._room.notify()
        if self._thread.ident is not None:
            self._thread.join()
        super().shut_down(drop_waiting=drop_waiting)

    def move_due(self) -> float | None:
        """Add every item that is due; return the seconds until the next one, None if none waits."""
        with self._room:
            now = self._clock.monotonic()
            while self._heap and self._heap[0][0] <= now:
                moment, _, item = heapq.heappop(self._heap)
                due, priority = self._due.get(item, (None, Priority.NORMAL))
                if due == moment:
                    del self._due[item]
                    self.add(item, priority)
            return self._heap[0][0] - now if self._heap else None

    def _run(self) -> None:
        while True:
            pause = self.move_due()
            with self._room:
                if self._closed:
                    return
                earliest = self._heap[0][0] if self._heap else None
                if pause is None and earliest is None:
                    self._room.wait()
                elif earliest is not None:
                    self._room.wait(max(0.0, earliest - self._clock.monotonic()))
