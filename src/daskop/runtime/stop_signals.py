"""SIGTERM and SIGINT: the first one asks for an orderly end, the second one is the end."""

import os
import signal
import threading
from types import TracebackType
from typing import Self

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopSignals:
    """
    Notices the signals of the process inside a ``with`` block, to be entered by the main thread.

    A thread reads them from Python's wake-up descriptor. A handler in Python would only run once
    the main thread, which waits for a lock, comes back to its bytecode: if the system hands the
    signal to another thread, or in the moment before the wait, that is never.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._thread = threading.Thread(target=self._run, name="signals", daemon=True)

    def __enter__(self) -> Self:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._before = {number: signal.signal(number, _nothing) for number in SIGNALS}
        # Python's own handler, in C, writes the signal's number there in whichever thread it is in.
        signal.set_wakeup_fd(self._writer)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._writer)
        self._thread.join()
        os.close(self._reader)

    def is_set(self) -> bool:
        """Whether the first signal has come."""
        return self._event.is_set()

    def wait(self) -> None:
        """Wait for the first signal."""
        self._event.wait()

    def _run(self) -> None:
        while number := os.read(self._reader, 1):
            if number[0] not in SIGNALS:
                continue
            if self._event.is_set():
                os._exit(128 + number[0])  # as a shell says that a signal was the end
            self._event.set()


def _nothing(_number: int, _frame: object) -> None:
    """Have Python note the signal instead of ending the process."""
