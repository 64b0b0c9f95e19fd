"""An operator that lacks rights: it runs, but may never be ready."""

from tests.e2e.cluster.controlplane.waiting import wait_until
from tests.e2e.controlplane.operator_process import OperatorProcess


class UnreadyOperator(OperatorProcess):
    """An operator that is waited for until it answers at all."""

    def readiness(self) -> str:
        """What ``/readyz`` says; empty while nobody answers."""
        answer = self.readyz()
        return answer.data.decode() if answer is not None else ""

    def wait_until_working(self) -> None:
        """Wait until all is listed: what is made from now on, only a watch can tell."""
        wait_until(
            lambda: '"event": "ready"' in self.log.read_text(), "the lists", within_seconds=60
        )

    def _is_ready(self) -> bool:
        return bool(self.readiness())
