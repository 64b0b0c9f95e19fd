"""
A bounded pool of connections whose waiting threads take turns.

The library's pool lets whoever comes take the connection that has just come free, before the
threads that wait for one: with many threads some of them never get any, and fail in the end
although the server is well.
"""

from collections import deque
from queue import Empty, Full, LifoQueue, SimpleQueue
from typing import Any

import urllib3
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool


class TakingTurns(LifoQueue[Any]):
    """A stack that hands what comes back to the thread that has waited for longest."""

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self._waiting: deque[SimpleQueue[Any]] = deque()  # guarded by the stack's own mutex

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT001, FBT002
        """Take what is there, or wait until it is this thread's turn."""
        with self.mutex:
            if self._qsize():
                return self._get()
            if not block:
                raise Empty
            turn: SimpleQueue[Any] = SimpleQueue()
            self._waiting.append(turn)
        try:
            return turn.get(timeout=timeout)
        except Empty:
            with self.mutex:
                if turn in self._waiting:
                    self._waiting.remove(turn)
                    raise
            return turn.get()  # it came at the last moment

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: ARG002, FBT001, FBT002
        """Give it to who waits, or put it on the stack; the library never waits for room."""
        with self.mutex:
            if self._waiting:
                self._waiting.popleft().put(item)
            elif 0 < self.maxsize <= self._qsize():
                raise Full
            else:
                self._put(item)


class FairHttpPool(HTTPConnectionPool):
    """Plain connections, as to ``kubectl proxy``."""

    QueueCls = TakingTurns


class FairHttpsPool(HTTPSConnectionPool):
    """TLS connections."""

    QueueCls = TakingTurns


def make_fair(manager: urllib3.PoolManager) -> None:
    """Have *manager*, which has no pool yet, bound its connections and let threads take turns."""
    manager.connection_pool_kw["block"] = True
    manager.pool_classes_by_scheme = {"http": FairHttpPool, "https": FairHttpsPool}
