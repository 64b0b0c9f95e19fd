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
        namespaces: Those that are watched; none means all of them.
        worker_threads: Passes that run at the same time, for each kind.
        parallel_requests: Writes under way at the same time, for all kinds together. More than
            8 only add latency on an API server of 2 cores (measured, docs/decisions/0001).
        requests_per_second: Upper bound of our own requests; 0 leaves it to the API server's
            Priority and Fairness.
        request_burst: Requests that may go at once within that bound.
        lease_namespace: Where replicas agree by a Lease on which of them works; empty for a
            replica that is alone.
        lease_name: The Lease's name.
        health: Address of ``/healthz`` and ``/readyz``.
        metrics: Address of ``/metrics``.
    """

    kubeconfig: Path | None = None
    namespaces: tuple[str, ...] = ()
    worker_threads: int = 8
    parallel_requests: int = 8
    requests_per_second: float = 0.0
    request_burst: int = 200
    lease_namespace: str = ""
    lease_name: str = "daskop"
    health: Address = Address("", 8081)
    metrics: Address = Address("", 8080)
