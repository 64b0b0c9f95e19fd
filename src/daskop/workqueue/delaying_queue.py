"""``add_after``: items that become due later, by one thread that sleeps until the earliest."""

import heapq
import threading
from itertools import count

from daskop.clock import Clock
from daskop.workqueue.queue import T, WorkQueue


class DelayingQueue(WorkQueue[T]):
    """A work queue with a waiting room."""

    def __init__(self, name: str, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._waiting = threading.Condition()  # guards everything below
        self._due: dict[T, float] = {}
        self._heap: list[tuple[float, int, T]] = []  # may hold entries that _due has overruled
        self._order = count()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"delays-{name}")

    def start(self) -> None:
        """Begin to move items that are due."""
        self._thread.start()

    def add_after(self, item: T, seconds: float) -> None:
        """Add *item* once *seconds* have passed; of two delays the earlier one counts."""
        if seconds <= 0:
            self.add(item)
            return
        due = self._clock.monotonic() + seconds
        with self._waiting:
            if self._closed or self._due.get(item, due) < due:
                return
            self._due[item] = due
            heapq.heappush(self._heap, (due, next(self._order), item))
            self._waiting.notify()

    def shut_down(self) -> None:
        """Forget what waits, end the thread, and take no more items."""
        with self._waiting:
            self._closed = True
            self._waiting.notify()
        if self._thread.ident is not None:
            self._thread.join()
        super().shut_down()

    def move_due(self) -> float | None:
        """Add every item that is due; return the seconds until the next one, None if none waits."""
        with self._waiting:
            now = self._clock.monotonic()
            while self._heap and self._heap[0][0] <= now:
                due, _, item = heapq.heappop(self._heap)
                if self._due.get(item) == due:
                    del self._due[item]
                    self.add(item)
            return self._heap[0][0] - now if self._heap else None

    def _run(self) -> None:
        while True:
            pause = self.move_due()
            with self._waiting:
                if self._closed:
                    return
                earliest = self._heap[0][0] if self._heap else None
                if pause is None and earliest is None:
                    self._waiting.wait()
                elif earliest is not None:
                    self._waiting.wait(max(0.0, earliest - self._clock.monotonic()))
