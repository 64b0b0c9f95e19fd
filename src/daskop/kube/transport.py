"""
Requests over the ``kubernetes`` client's own transport: its kubeconfig, token renewal and TLS.

Its typed methods are not used: they refuse or drop fields that they do not know, and cost several
times the CPU of decoded JSON. What is used is the same on 36.x and 37.x.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
from kubernetes import client, config
from urllib3.exceptions import HTTPError

from daskop.errors import ConnectionFailedError, DaskopError

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0


class Transport:
    """One connection pool to one API server."""

    def __init__(self, configuration: client.Configuration) -> None:
        self._configuration = configuration
        self._api_client = client.ApiClient(configuration)
        self._pool: urllib3.PoolManager = self._api_client.rest_client.pool_manager

    def request(  # noqa: PLR0913 - a request has this many parts
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
        read_seconds: float = READ_SECONDS,
        *,
        stream: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        """
        Send one request, once: nothing is retried here.

        Raises:
            ConnectionFailedError: If no (whole) answer came.
        """
        url = self._configuration.host + path + (f"?{urlencode(query)}" if query else "")
        headers = {"accept": "application/json", "content-type": content_type, **self._auth()}
        try:
            return self._pool.request(
                method,
                url,
                body=body,
                headers=headers,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds),
                retries=False,
                preload_content=not stream,
            )
        except (HTTPError, OSError) as error:
            raise ConnectionFailedError(f"{method} {path}: {error}") from error

    def _auth(self) -> dict[str, str]:
        """The credentials' headers; asking for them renews a token that is about to expire."""
        settings: Any = self._configuration.auth_settings()  # the library's type is too narrow
        return {entry["key"]: entry["value"] for entry in settings.values() if entry["value"]}

    def close(self) -> None:
        """Close all idle connections."""
        self._pool.clear()


def connect(kubeconfig: Path | None, connections: int) -> Transport:
    """
    Take server and credentials from *kubeconfig*, or from the Pod that we run in.

    Args:
        kubeconfig: The file; None inside a cluster.
        connections: Requests that may be under way at the same time, watches included.

    Raises:
        DaskopError: If there is no usable configuration.
    """
    configuration = client.Configuration()
    try:
        if kubeconfig is None:
            config.load_incluster_config(configuration)  # type: ignore[no-untyped-call]
        else:
            config.load_kube_config(  # type: ignore[no-untyped-call]
                str(kubeconfig), client_configuration=configuration
            )
    except (config.ConfigException, OSError) as error:
        raise DaskopError(f"no usable cluster configuration: {error}") from error
    configuration.connection_pool_maxsize = connections
    return Transport(configuration)
