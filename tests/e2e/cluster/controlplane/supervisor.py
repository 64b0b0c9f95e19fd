"""
The process that owns the components of one control plane and its data folder.

``python -m tests.e2e.cluster.controlplane.supervisor`` reads one JSON request per line from its
standard input and answers each with one line. When its input ends, because the process that
started it closed it or died in whatever way, or on SIGTERM or SIGINT, it kills the components,
waits until they are gone and removes the folder.

Should the supervisor itself be killed, the kernel kills the components (PR_SET_PDEATHSIG), and
the next control plane sweeps the folder. That signal follows the *thread* that started a process,
so this program has one thread only, and imports little: it starts in a tenth of a second.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from tests.e2e.cluster.controlplane import folder

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_PARENT_EVERY_SECONDS: Final = 1.0  # a fork of the parent may hold the pipe open after its death
_SOURCE: Final = {k: v for k, v in os.environ.items() if k == "PYTHONPATH"}
"""Where the tests' source is, there is also that of the operators that they start."""

_GONE_WITHIN_SECONDS: Final = 10.0  # after SIGKILL; a process in a disk write cannot die sooner


def die_with_parent() -> Callable[[], None] | None:
    """Return what a new process must call to be killed when this one ends; None: not on Linux."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is None:
        return None
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the question
            os._exit(1)

    return ask


class Components:
    """The running components, by name."""

    def __init__(self, data: Path) -> None:
        self._folder = data
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._before_exec = die_with_parent()

    def start(self, name: str, argv: list[str]) -> dict[str, Any]:
        """Start a component whose output is appended to NAME.log in the folder."""
        if name in self._running and self._running[name].poll() is None:
            raise ValueError(f"{name} runs already")
        home = str(self._folder)
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                argv,
                cwd=home,
                # nothing of the user's: no ~/.kube, ~/.kwok, KUBECONFIG, ETCD_*, proxy
                env={"HOME": home, "PATH": os.defpath, **_SOURCE},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=self._before_exec,  # noqa: PLW1509 - one thread only, so it is safe
            )
        return {"pid": self._running[name].pid}

    def stop(self, name: str) -> dict[str, Any]:
        """Kill a component, wait until it is gone, and forget it: it ended because it had to."""
        process = self._running[name]
        process.kill()
        process.wait(timeout=_GONE_WITHIN_SECONDS)
        del self._running[name]
        return {}

    def signal(self, name: str, number: int) -> dict[str, Any]:
        """Send a signal to a component."""
        self._running[name].send_signal(number)
        return {}

    def status(self) -> dict[str, Any]:
        """Say which components run, and with which code the others ended."""
        codes = {name: process.poll() for name, process in self._running.items()}
        return {
            "running": {n: self._running[n].pid for n, code in codes.items() if code is None},
            "ended": {name: code for name, code in codes.items() if code is not None},
        }

    def kill_all(self) -> dict[str, Any]:
        """Kill everything first, then wait for everything."""
        for process in self._running.values():
            process.kill()
        for process in self._running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=_GONE_WITHIN_SECONDS)
        self._running.clear()
        return {}

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what *request* asks for; what fails is an answer, not an end."""
        try:
            return self._act(request)
        except KeyError as error:
            return {"error": f"no component or word {error}"}
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            return {"error": str(error)}

    def _act(self, request: dict[str, Any]) -> dict[str, Any]:
        match request.pop("do"):
            case "start":
                return self.start(**request)
            case "stop":
                return self.stop(**request)
            case "signal":
                return self.signal(**request)
            case "status":
                return self.status()
            case "kill-all":
                return self.kill_all()
            case word:
                raise ValueError(f"no request is called {word}")


def requests(source: int, wake: int) -> Iterator[dict[str, Any]]:
    """Yield the requests that come in on *source* until it ends or *wake* (a signal) is readable."""
    pending, parent = b"", os.getppid()
    while True:
        readable, _, _ = select.select([source, wake], [], [], _PARENT_EVERY_SECONDS)
        if not readable and os.getppid() == parent:
            continue
        chunk = os.read(source, 65536) if readable == [source] else b""
        if not chunk:
            return
        *lines, pending = (pending + chunk).split(b"\n")
        yield from (json.loads(line) for line in lines)


def _wake_on_signals() -> int:
    """Turn SIGTERM and SIGINT into a readable file descriptor: no exception in mid-air."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    return readable


def main() -> None:
    """Serve until the input ends or a signal comes, and leave nothing behind."""
    wake = _wake_on_signals()
    folder.sweep()
    data = folder.claim()
    components = Components(data.path)
    try:
        with contextlib.suppress(BrokenPipeError):  # nobody reads the answers: as good as the end
            _answer({"folder": str(data.path)})
            for request in requests(sys.stdin.fileno(), wake):
                _answer(components.handle(request))
    finally:
        components.kill_all()
        data.remove()


def _answer(answer: dict[str, Any]) -> None:
    os.write(sys.stdout.fileno(), json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    main()
