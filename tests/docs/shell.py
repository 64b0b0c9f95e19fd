"""One bash, fed command by command, so that variables and what runs in the background stay."""

import base64
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ENDS_WITHIN_SECONDS: Final = 240.0
"""Longest that one command of a page may take."""


class ShellError(Exception):
    """A command did not end in time, or took the shell with it."""


@dataclass(frozen=True, slots=True)
class Printed:
    """How a command ended, and what it printed, errors included."""

    code: int
    text: str


class Shell:
    """A bash in *folder*, with *env* added to our own environment."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._end = f"ended-{os.urandom(8).hex()}"
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._process = subprocess.Popen(
            ("bash", "--noprofile", "--norc"),
            cwd=folder,
            env={**os.environ, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="shell-reader")
        self._reader.start()

    def run(self, command: str, within_seconds: float = ENDS_WITHIN_SECONDS) -> Printed:
        """
        Run *command* to its end.

        Raises:
            ShellError: If it does not end in time, or takes the shell with it.
        """
        assert self._process.stdin is not None
        # Its input is empty: the shell's own holds the commands after it.
        text = base64.b64encode(command.encode()).decode()
        run = f'eval "$(printf %s {text} | base64 -d)" </dev/null'
        with suppress(BrokenPipeError):
            self._process.stdin.write(f'{run}\nprintf "{self._end} $?\\n"\n')
            self._process.stdin.flush()
        said = ""
        while self._end not in said:
            line = self._next_line(within_seconds)
            if line is None:
                raise ShellError(f"no end of: {command}\n{said}")
            said += line
        text, _, code = said.rpartition(self._end)  # behind a last line that has no end
        return Printed(int(code), text)

    def close(self) -> None:
        """End the shell and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()

    def _next_line(self, within_seconds: float) -> str | None:
        """The next line that is printed; None if there is none in time, or at all."""
        with suppress(queue.Empty):
            return self._lines.get(timeout=within_seconds)
        return None

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)


@contextmanager
def shell(folder: Path, env: Mapping[str, str]) -> Iterator[Shell]:
    """A shell for the length of a block."""
    opened = Shell(folder, env)
    try:
        yield opened
    finally:
        opened.close()
