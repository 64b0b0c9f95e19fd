"""Whether the operator rests, says the audit log."""

import time
from typing import Final

from tests.e2e.cluster.controlplane.audit import requests
from tests.e2e.cluster.controlplane.plane import ControlPlane

WRITES: Final = frozenset({"create", "patch", "update", "delete"})


class Quiet:
    """
    A condition to wait for: the operator has left a namespace alone for some seconds.

    Attributes:
        writes: How many requests of the operator it saw there that write something.
    """

    def __init__(self, plane: ControlPlane, namespace: str, seconds: float) -> None:
        self._plane = plane
        self._namespace = namespace
        self._seconds = seconds
        self.writes = -1
        self._since = 0.0

    def __call__(self) -> bool:
        """Look once."""
        writes = sum(
            r.user.endswith(":daskop") and r.verb in WRITES and r.namespace == self._namespace
            for r in requests(self._plane.audit_log)
        )
        if writes != self.writes:
            self.writes, self._since = writes, time.monotonic()
        return time.monotonic() - self._since >= self._seconds
