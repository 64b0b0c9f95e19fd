"""Clients of a fault proxy."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import yaml

from tests.e2e.cluster.controlplane.api import Api
from tests.e2e.faults.proxy import FaultProxy
from tests.e2e.faults.watching import Watched

Create = Callable[[str], None]
"""Creates objects with one-letter names; what the fixture ``create`` gives."""

Watch = Callable[[], AbstractContextManager[Watched]]
"""Watches what comes from now on; what the fixture ``watch`` gives."""


def token_of(proxy: FaultProxy) -> str:
    """Return the token that the proxy's kubeconfig has."""
    token: str = yaml.safe_load(proxy.kubeconfig.read_text())["users"][0]["user"]["token"]
    return token


def client_of(proxy: FaultProxy) -> Api:
    """Return a client of the proxy, with the credentials of its kubeconfig."""
    return Api(proxy.server, Path(os.devnull), token_of(proxy))
