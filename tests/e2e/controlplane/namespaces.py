"""Namespaces of a test's own."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.e2e.cluster.controlplane.api import Api, path_of

ENFORCED: Final = "pod-security.kubernetes.io/enforce"
"""Label of a namespace: the Pod Security Standard without which no Pod is let in."""


@contextmanager
def own_namespace(api: Api, enforced: str = "") -> Iterator[str]:
    """Make a namespace in which Pods can be made; it is deleted, with all in it, after the block."""
    name = f"test-{secrets.token_hex(4)}"
    api.make_namespace(name)
    try:
        if enforced:
            enforce(api, name, enforced)
        yield name
    finally:
        api.delete(path_of("v1", "namespaces", name=name))


def enforce(api: Api, namespace: str, standard: str) -> None:
    """Let in only Pods that keep to a Pod Security Standard."""
    path = path_of("v1", "namespaces", name=namespace)
    api.patch(path, {"metadata": {"labels": {ENFORCED: standard}}})
