"""The near end of the supervisor's pipes."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Final

from tests.e2e.cluster.controlplane.errors import SupervisorError

_ROOT: Final = Path(__file__).parents[4]
_ANSWER_WITHIN_SECONDS: Final = 30.0  # the longest request waits 10 s per component
_CLOSE_WITHIN_SECONDS: Final = 30.0
_PIPE_LINE_BYTES: Final = 65536


class Supervision:
    """
    A supervisor of our own; :meth:`close` or the death of this process ends it.

    Attributes:
        folder: The data folder, which lives as long as the supervisor.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # one request and its answer at a time
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.cluster.controlplane.supervisor"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C at the terminal is ours to handle
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        try:
            self.folder = Path(self._answer()["folder"])
        except BaseException:
            self._process.kill()
            self._release()
            raise

    @property
    def pid(self) -> int:
        """The supervisor's process."""
        return self._process.pid

    def start(self, name: str, argv: list[str]) -> None:
        """Start a component whose output goes to NAME.log in the folder."""
        self._request(do="start", name=name, argv=argv)

    def stop(self, name: str) -> None:
        """Kill a component and wait until it is gone."""
        self._request(do="stop", name=name)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a component."""
        self._request(do="signal", name=name, number=int(number))

    def running(self) -> dict[str, int]:
        """Return the pid of every component that runs."""
        pids: dict[str, int] = self._request(do="status")["running"]
        return pids

    def ended(self) -> dict[str, int]:
        """Return the exit code of every component that does not run (any more)."""
        codes: dict[str, int] = self._request(do="status")["ended"]
        return codes

    def kill_all(self) -> None:
        """Kill every component, wait until they are gone, and forget them."""
        self._request(do="kill-all")

    def close(self) -> None:
        """End the supervisor and wait until components and folder are gone."""
        self._input.close()
        try:
            self._process.wait(timeout=_CLOSE_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()  # the kernel then kills the components
        self._release()
        shutil.rmtree(self.folder, ignore_errors=True)  # only if the supervisor was killed

    def _request(self, **request: object) -> dict[str, Any]:
        with self._lock:
            try:
                self._input.write(json.dumps(request).encode() + b"\n")
            except (BrokenPipeError, ValueError) as error:
                raise SupervisorError("the control plane's supervisor is gone") from error
            return self._answer()

    def _answer(self) -> dict[str, Any]:
        source, line = self._output.fileno(), b""
        while not line.endswith(b"\n"):
            readable, _, _ = select.select([source], [], [], _ANSWER_WITHIN_SECONDS)
            chunk = os.read(source, _PIPE_LINE_BYTES) if readable else b""
            if not chunk:
                raise SupervisorError("the control plane's supervisor does not answer")
            line += chunk
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise SupervisorError(answer["error"])
        return answer

    def _release(self) -> None:
        self._process.wait()
        self._input.close()  # unbuffered: nothing is left to be written
        self._output.close()
