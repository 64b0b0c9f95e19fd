"""The operator as a user runs it, ``daskop run``, as a process of its own."""

import signal
import sys
from pathlib import Path
from typing import Final, Self

import urllib3

from tests.e2e.cluster.controlplane.ports import free_ports
from tests.e2e.cluster.controlplane.startup import log_tail
from tests.e2e.cluster.controlplane.supervision import Supervision
from tests.e2e.cluster.controlplane.waiting import wait_until

DASKOP: Final = ("-m", "daskop", "run")
_ROOT: Final = Path(__file__).parents[3]
_TOY: Final = "tests.e2e.widget"
WIDGET: Final = (
    "-c",
    f"import runpy, sys; sys.path.insert(0, {str(_ROOT)!r}); runpy.run_module({_TOY!r}, None, '__main__')",
)
"""A toy operator on the same engine: the engine has to be right apart from Dask."""

_NAME: Final = "operator"
_READY_WITHIN_SECONDS: Final = 30.0  # 2 s on an idle machine, most of it imports
_STOP_WITHIN_SECONDS: Final = 10.0
_LOG_LINES: Final = 60


class OperatorProcess:
    """
    An operator that runs inside a ``with`` block, and can be killed and started again within it.

    It has a supervisor, as the control plane has: no operator outlives a test run that is killed.

    Args:
        kubeconfig: Says which control plane, as whom.
        program: What Python is to run.
        options: More of its command line.

    Attributes:
        log: One JSON line per event, of all starts.
        health: Where ``/healthz`` and ``/readyz`` are answered.
        metrics: Where ``/metrics`` is answered.
    """

    log: Path

    def __init__(
        self, kubeconfig: Path, program: tuple[str, ...] = DASKOP, options: tuple[str, ...] = ()
    ) -> None:
        self.health, self.metrics = (f"127.0.0.1:{port}" for port in free_ports(2))
        self._argv = [
            sys.executable,
            *program,
            f"--kubeconfig={kubeconfig}",
            f"--health-address={self.health}",
            f"--metrics-address={self.metrics}",
            "--log-format=json",
            *options,
        ]

    def __enter__(self) -> Self:
        self._supervision = Supervision()
        self.log = self._supervision.folder / f"{_NAME}.log"
        try:
            self.start()
        except BaseException:
            self._supervision.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self.pid is not None:
                self.stop()
        finally:
            self._supervision.close()

    @property
    def pid(self) -> int | None:
        """The process, or None while there is none."""
        return self._supervision.running().get(_NAME)

    def start(self) -> None:
        """
        Start the operator and wait until it is ready.

        Raises:
            AssertionError: If it ends instead.
            TimeoutError: If it does neither.
        """
        self._supervision.start(_NAME, self._argv)
        wait_until(
            self._is_ready,
            "the operator's /readyz",
            within_seconds=_READY_WITHIN_SECONDS,
            every=0.05,
        )

    def stop(self) -> int:
        """
        End the operator with SIGTERM, and return its exit code.

        Raises:
            AssertionError: If it does not end in 10 s; it is killed then.
        """
        self._supervision.signal(_NAME, signal.SIGTERM)
        try:
            return self.wait_for_end(_STOP_WITHIN_SECONDS)
        except TimeoutError:
            self.signal(signal.SIGUSR1)
            wait_until(
                lambda: "Current thread" in self.log.read_text(), "threads", within_seconds=5
            )
            self.kill()
            raise AssertionError(
                f"the operator did not end {_STOP_WITHIN_SECONDS:g} s after SIGTERM:\n"
                f"{self.log_tail()}"
            ) from None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, and do not wait for what comes of it."""
        self._supervision.signal(_NAME, number)

    def wait_for_end(self, within_seconds: float) -> int:
        """
        Wait until the operator ends by itself, and return its exit code.

        Raises:
            TimeoutError: If it does not.
        """
        ended = wait_until(self._supervision.ended, "end", within_seconds=within_seconds)
        return ended[_NAME]

    def kill(self) -> None:
        """End the operator with SIGKILL, as a node that fails would."""
        self._supervision.stop(_NAME)

    def log_tail(self) -> str:
        """Return the last lines of the log."""
        return log_tail(self.log, _LOG_LINES)

    def readyz(self) -> urllib3.BaseHTTPResponse | None:
        """What ``/readyz`` answers; None while nobody does."""
        try:
            return urllib3.request("GET", f"http://{self.health}/readyz", timeout=5, retries=False)
        except urllib3.exceptions.HTTPError:
            return None

    def _is_ready(self) -> bool:
        codes = self._supervision.ended()
        assert not codes, f"the operator ended with exit code {codes[_NAME]}:\n{self.log_tail()}"
        answer = self.readyz()
        return answer is not None and answer.status == 200
