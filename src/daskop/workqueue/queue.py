"""
A queue that never hands the same item to two workers and never loses a change.

The algorithm is that of client-go's ``util/workqueue``: an item is *dirty* from ``add`` until a
worker takes it, and *processing* from ``get`` until ``done``. An item that is added while it is
processed is not queued a second time but when ``done`` is called.
"""

import threading
from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

from daskop.errors import ShutDownError

T = TypeVar("T", bound=Hashable)


class WorkQueue(Generic[T]):
    """First in, first out, each item at most once."""

    def __init__(self) -> None:
        self._condition = threading.Condition()  # guards everything below
        self._queue: deque[T] = deque()  # every item in it is dirty and not processing
        self._dirty: set[T] = set()
        self._processing: set[T] = set()
        self._shutting_down = False

    def add(self, item: T) -> None:
        """Mark *item* as in need of work; nothing if it is already, or after the shut-down."""
        with self._condition:
            if self._shutting_down or item in self._dirty:
                return
            self._dirty.add(item)
            if item not in self._processing:
                self._queue.append(item)
                self._condition.notify()

    def get(self) -> T:
        """
        Block until an item is due, and take it.

        Every call that returns must be paired with :meth:`done`.

        Raises:
            ShutDownError: If the queue is shut down and empty.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._queue or self._shutting_down)
            if not self._queue:
                raise ShutDownError("the queue is shut down")
            item = self._queue.popleft()
            self._dirty.discard(item)
            self._processing.add(item)
            return item

    def done(self, item: T) -> None:
        """End the work on *item*; it is queued again if it was added meanwhile."""
        with self._condition:
            self._processing.discard(item)
            if item in self._dirty:
                self._queue.append(item)
                self._condition.notify()

    def shut_down(self) -> None:
        """Take no more items; workers still get those that are queued."""
        with self._condition:
            self._shutting_down = True
            self._condition.notify_all()

    def __len__(self) -> int:
        """The items that wait; for information only, it is old when it is read."""
        with self._condition:
            return len(self._queue)
