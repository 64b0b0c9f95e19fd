"""
The only door to other programs: everything that the tool starts, it starts here.

Every child leads a process group of its own, so that Ctrl-C reaches us alone and we end whole
groups, grandchildren included. After :meth:`Runner.stop` nothing new starts but cleaning up.
"""

import math
import os
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from tests.e2e.cluster.errors import ClusterError, CommandError, Interrupted

GRACE_SECONDS = 10.0
"""Between SIGTERM and SIGKILL for a child that is ended early."""

SLICE_SECONDS = 1.0
"""How often a waiting thread looks whether it is asked to stop."""

CLEANUP_SECONDS = 60.0
"""Longest that one cleaning command may take."""


@dataclass(frozen=True, slots=True)
class Completed:
    """
    How a program ended.

    Attributes:
        code: Its exit code.
        output: Standard output, followed by standard error; empty if a log file took it.
    """

    code: int
    output: str = ""

    @property
    def ok(self) -> bool:
        """Whether the program succeeded."""
        return self.code == 0


@dataclass(frozen=True, slots=True)
class Command:
    """
    A program to run.

    Attributes:
        argv: The program and its arguments.
        env: Added to our own environment.
        cwd: Working folder.
        log: File that takes the output, appended; else the output is returned.
        stdin: Text for the program's standard input.
        feed: File for the program's standard input.
        seconds: Time limit.
        cleanup: Whether it may still start after a stop.
    """

    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    cwd: Path | None = None
    log: Path | None = None
    stdin: str | None = None
    feed: Path | None = None
    seconds: float | None = None
    cleanup: bool = False


class Runner(Protocol):
    """Runs programs; the tests have one that only writes down what it was asked for."""

    def run(self, command: Command) -> Completed:
        """Run *command* to its end, whatever its exit code."""

    def start(self, command: Command) -> int:
        """Start *command* as a daemon that outlives us, and return its process id."""

    def stop(self) -> None:
        """End everything that runs; from now on only cleaning up may start."""


def checked(runner: Runner, command: Command, hint: str = "") -> str:
    """
    Run *command* and return what it printed.

    Raises:
        CommandError: If it fails.
    """
    done = runner.run(command)
    if not done.ok:
        output = done.output
        if command.log is not None and command.log.exists():
            output = command.log.read_text(errors="replace")
        raise CommandError(command.argv, done.code, output, hint)
    return done.output


class SystemRunner:
    """Runs programs on this machine."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards _running and _stopped
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(self, command: Command) -> Completed:
        """
        Run *command* to its end.

        Raises:
            ClusterError: If the program does not exist or exceeds its time.
            Interrupted: If the runner was stopped.
        """
        with _output(command.log) as sink, _input(command) as source:
            process = self._popen(command, source, sink)
            try:
                return self._wait(process, command)
            except BaseException:
                _end(process)
                raise
            finally:
                with self._lock:
                    self._running.discard(process)

    def _popen(
        self, command: Command, source: IO[bytes], sink: IO[bytes] | None
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped and not command.cleanup:
                raise Interrupted
            try:
                process = subprocess.Popen(
                    command.argv,
                    env={**os.environ, **dict(command.env)},
                    cwd=command.cwd,
                    stdin=source,
                    stdout=sink or subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except FileNotFoundError as error:
                raise ClusterError(f"The program {command.argv[0]} is not installed.") from error
            if not command.cleanup:
                self._running.add(process)
            return process

    def _wait(self, process: subprocess.Popen[bytes], command: Command) -> Completed:
        limit = command.seconds or (CLEANUP_SECONDS if command.cleanup else math.inf)
        started = time.monotonic()
        output: bytes | None = None
        ended = False
        while not ended:
            try:
                output, _ = process.communicate(timeout=SLICE_SECONDS)
                ended = True
            except subprocess.TimeoutExpired:
                self._raise_if_stopped(command)
                if time.monotonic() - started > limit:
                    shown = " ".join(command.argv[:4])
                    raise ClusterError(f"`{shown}` did not end within {limit:.0f} s.") from None
        self._raise_if_stopped(command)
        return Completed(process.returncode, (output or b"").decode(errors="replace"))

    def _raise_if_stopped(self, command: Command) -> None:
        if self._stopped and not command.cleanup:
            raise Interrupted

    def start(self, command: Command) -> int:
        """Start *command* as a daemon that outlives us."""
        with _output(command.log or Path(os.devnull)) as sink, _input(command) as source:
            process = self._popen(command, source, sink)
        with self._lock:
            self._running.discard(process)
        process.returncode = 0  # it is not ours to wait for; spares the ResourceWarning
        return process.pid

    def stop(self) -> None:
        """End everything that runs; called by the signal handler, so it only sends signals."""
        self._stopped = True  # one store: the handler may interrupt a holder of the lock
        for process in list(self._running):
            _signal_group(process, signal.SIGTERM)


def _output(log: Path | None) -> AbstractContextManager[IO[bytes] | None]:
    return log.open("ab") if log is not None else nullcontext()


def _input(command: Command) -> IO[bytes]:
    """Open what the program reads; text goes by a file, which a slow reader cannot block."""
    if command.stdin is None:
        return Path(command.feed or os.devnull).open("rb")
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever runs the command closes it
    file.write(command.stdin.encode())
    file.seek(0)
    return file


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the group of *process*, politely first."""
    _signal_group(process, signal.SIGTERM)
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        _signal_group(process, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
