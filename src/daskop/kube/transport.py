"""
Requests over the ``kubernetes`` client's own transport: its kubeconfig, token renewal and TLS.

Its typed methods are not used: they refuse or drop fields that they do not know, and cost several
times the CPU of decoded JSON. What is used is the same on 36.x and 37.x.
"""

import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
from kubernetes import client, config
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError, SSLError

from daskop.errors import ConnectionFailedError, DaskopError
from daskop.kube.connections import make_fair

OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0


def no_gate() -> None:
    """Keep nothing back."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """
    One request, as HTTP has it.

    Attributes:
        read_seconds: Longest silence of the server.
        stream: Whether the answer's body is left to the caller, with the connection.
        gate: Called each time right before the request goes out; what it raises keeps it back.
    """

    method: str
    path: str
    query: Mapping[str, Any] | None = None
    body: bytes | None = None
    content_type: str = "application/json"
    read_seconds: float = READ_SECONDS
    stream: bool = False
    gate: Callable[[], None] = no_gate


class _Connections:
    """A pool of connections, with the credentials they are used with."""

    def __init__(self, configuration: client.Configuration) -> None:
        self._configuration = configuration
        self.pool: urllib3.PoolManager = client.ApiClient(configuration).rest_client.pool_manager
        make_fair(self.pool)
        self.host = configuration.host

    def credentials(self) -> dict[str, str]:
        """The headers; asking for them renews a token that is about to expire."""
        settings: Any = self._configuration.auth_settings()  # the library's type is too narrow
        pairs = [(entry["key"], entry["value"]) for entry in settings.values()]
        return {key: value.strip() for key, value in pairs if value}


class Transport:
    """
    One API server. Safe to share between threads.

    Args:
        configure: Reads server and credentials, at the beginning and again when they were refused.
    """

    def __init__(self, configure: Callable[[], client.Configuration]) -> None:
        self._configure = configure
        self._lock = threading.Lock()  # one thread at a time reads the configuration again
        self._connections = _Connections(configure())

    def send(self, exchange: Exchange) -> urllib3.BaseHTTPResponse:
        """
        Send a request, once; twice if the credentials were refused and there are new ones.

        Raises:
            ConnectionFailedError: If no (whole) answer came.
        """
        # Taken once: another thread may put fresh ones in place meanwhile.
        used = self._connections
        headers = used.credentials()
        answer = self._send(used, headers, exchange)
        if answer.status != 401:  # noqa: PLR2004 - unauthorized
            return answer
        fresh = self._renewed(used, headers)
        if fresh is used:
            return answer
        return self._send(fresh, fresh.credentials(), exchange)

    def close(self) -> None:
        """Close all idle connections."""
        self._connections.pool.clear()

    def _send(
        self, connections: _Connections, credentials: dict[str, str], exchange: Exchange
    ) -> urllib3.BaseHTTPResponse:
        query = f"?{urlencode(exchange.query)}" if exchange.query else ""
        wanted = {"accept": "application/json", "content-type": exchange.content_type}
        exchange.gate()
        try:
            answer = connections.pool.request(
                exchange.method,
                connections.host + exchange.path + query,
                body=exchange.body,
                headers={**wanted, **credentials},
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=exchange.read_seconds),
                pool_timeout=exchange.read_seconds,
                retries=False,
                preload_content=not exchange.stream,
            )
            if answer.status >= 300:  # noqa: PLR2004 - HTTP's end of success
                _ = answer.data  # a refusal is read whole, and its connection comes free
        except (HTTPError, OSError) as error:
            if isinstance(error, SSLError):
                self._renewed(connections, {})  # there may be a new CA: the next request uses it
            raise ConnectionFailedError(f"{exchange.method} {exchange.path}: {error}") from error
        return answer

    def _renewed(self, used: _Connections, refused: dict[str, str]) -> _Connections:
        """Connections with other credentials than those *refused*; *used* if there are none."""
        with self._lock:
            if self._connections is not used:
                return self._connections  # another thread was faster
            try:
                fresh = _Connections(self._configure())
            except DaskopError:
                return used
            if fresh.credentials() != refused:
                used.pool.clear()
                self._connections = fresh
            return self._connections


def connect(kubeconfig: Path | None, connections: int) -> Transport:
    """
    Take server and credentials from *kubeconfig*, or from the Pod that we run in.

    Args:
        kubeconfig: The file; None inside a cluster.
        connections: Requests that may be under way at the same time, watches included; more wait.

    Raises:
        DaskopError: If there is no usable configuration.
    """
    return Transport(lambda: _configuration(kubeconfig, connections))


def _configuration(kubeconfig: Path | None, connections: int) -> client.Configuration:
    configuration = client.Configuration()
    try:
        if kubeconfig is None:
            config.load_incluster_config(configuration)  # type: ignore[no-untyped-call]
            configuration.proxy = None  # the API server of our own cluster is never behind one
        else:
            config.load_kube_config(  # type: ignore[no-untyped-call]
                str(kubeconfig), client_configuration=configuration
            )
    except (config.ConfigException, OSError) as error:
        raise DaskopError(f"no usable cluster configuration: {error}") from error
    configuration.connection_pool_maxsize = connections
    # Bookmarks and the read timeout find a dead link; this finds some of them earlier.
    keepalive = (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    configuration.socket_options = [*HTTPConnection.default_socket_options, keepalive]
    return configuration


def own_namespace() -> str:
    """The namespace of the Pod that we run in; empty outside a cluster."""
    try:
        return OWN_NAMESPACE.read_text().strip()
    except OSError:
        return ""
