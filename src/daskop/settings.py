"""How one operator process runs."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server of ours listens; port 0 means any free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        """
        Read ``HOST:PORT`` or ``:PORT`` (all interfaces).

        Raises:
            ValueError: If there is no port between 0 and 65535.
        """
        host, colon, port = text.rpartition(":")
        if not colon or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - TCP's limit
            raise ValueError(f"{text!r} is not HOST:PORT with a port from 0 to 65535")
        return cls(host, int(port))


@dataclass(frozen=True, slots=True)
class Settings:
    """
    What ``daskop run`` can be told.

    Attributes:
        kubeconfig: The file to take server and credentials from; None in a cluster.
        worker_threads: Passes that run at the same time, for each kind.
        parallel_requests: Writes under way at the same time, for all kinds together. More than
            8 only add latency on an API server of 2 cores (measured, docs/decisions/0001).
        health: Address of ``/healthz`` and ``/readyz``.
        metrics: Address of ``/metrics``.
    """

    kubeconfig: Path | None = None
    worker_threads: int = 8
    parallel_requests: int = 8
    health: Address = Address("", 8081)
    metrics: Address = Address("", 8080)
