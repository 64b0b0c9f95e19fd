"""What is running and for how long: a live table on a terminal, plain lines elsewhere."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Reporter(Protocol):
    """Shows steps as they start and end; safe to use from several threads."""

    def step(self, name: str) -> AbstractContextManager[None]:
        """Show *name* as running until the context ends."""

    def say(self, text: str) -> None:
        """Show one line."""


def _stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is the tool's voice


class PlainReporter:
    """One line per event, ``[mm:ss] step: started``, for logs."""

    def __init__(
        self,
        write: Callable[[str], None] = _stderr,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._clock = clock
        self._began = clock()
        self._lock = threading.Lock()  # keeps lines whole

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Print when *name* starts, and when and how it ends."""
        began = self._clock()
        self.say(f"{name}: started")
        outcome = "stopped"
        try:
            yield
            outcome = "done"
        finally:
            self.say(f"{name}: {outcome} ({self._clock() - began:.0f} s)")

    def say(self, text: str) -> None:
        """Print *text* after the time since the start, as mm:ss."""
        minutes, seconds = divmod(int(self._clock() - self._began), 60)
        with self._lock:
            self._write(f"[{minutes:02d}:{seconds:02d}] {text}")


class LiveReporter:
    """A table of running steps on a terminal; what has ended stays above it."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._lock = threading.Lock()  # guards _running
        self._running = 0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Show *name* in the table until it ends."""
        with self._lock:
            self._running += 1
            self._progress.start()
        task = self._progress.add_task(name, total=None)
        outcome = "[red]stopped[/]"
        try:
            yield
            outcome = "[green]done[/]"
        finally:
            elapsed = self._progress.tasks[self._progress.task_ids.index(task)].elapsed or 0.0
            self._progress.remove_task(task)
            self.say(f"{name}: {outcome} ({elapsed:.0f} s)")
            with self._lock:
                self._running -= 1
                if not self._running:
                    self._progress.stop()

    def say(self, text: str) -> None:
        """Print *text* above the table."""
        self._progress.console.print(text, highlight=False)


def reporter() -> Reporter:
    """Choose by what standard error is."""
    console = Console(stderr=True)
    return LiveReporter(console) if console.is_terminal else PlainReporter()
