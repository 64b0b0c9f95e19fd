"""Whether a container registry answers from here. Asked anew in every run: networks change."""

import http.client

REGISTRY = "registry-1.docker.io"
"""The one that the public node and Python images come from."""

TIMEOUT_SECONDS = 3.0

ANSWERS = frozenset({200, 401})
"""What a registry says to ``GET /v2/`` without credentials; a filter's 403 is no registry."""


def registry_answers(host: str = REGISTRY, port: int = 443) -> bool:
    """Ask *host* for its API version."""
    connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status in ANSWERS
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
