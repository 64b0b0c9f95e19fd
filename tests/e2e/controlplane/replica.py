"""One of several replicas of an operator, and what goes between it and the server."""

from dataclasses import dataclass
from http import HTTPStatus
from time import monotonic
from typing import Final

from tests.e2e.controlplane.operator_process import OperatorProcess
from tests.e2e.controlplane.quiet import WRITES
from tests.e2e.faults.proxy import FaultProxy
from tests.e2e.faults.request import Seen

SETTLED_SECONDS: Final = 0.5
"""After so long without a write none is between the gate and the wire."""


@dataclass(frozen=True, slots=True)
class Replica:
    """One replica with a proxy of its own."""

    operator: OperatorProcess
    proxy: FaultProxy

    def writes(self) -> list[Seen]:
        """The writes that it has tried, those of the lease apart."""
        return [s for s in self.proxy.seen() if s.verb in WRITES and s.resource != "leases"]

    def made(self) -> list[Seen]:
        """Its creates of Pods that took effect."""
        found = self.proxy.seen("create", "pods")
        return [seen for seen in found if seen.code == HTTPStatus.CREATED]

    def has_settled(self) -> bool:
        """
        Whether its last write is some time ago.

        What is between the gate and the wire when a process stops cannot be kept back by it.
        """
        return self.writes()[-1].at_monotonic < monotonic() - SETTLED_SECONDS
