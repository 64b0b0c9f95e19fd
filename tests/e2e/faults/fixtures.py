"""Fixtures of tests with a fault proxy; a test module names this one in ``pytest_plugins``."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing

import pytest

from tests.e2e.cluster.controlplane.api import Api, path_of
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.faults.client import Create, Watch, client_of, token_of
from tests.e2e.faults.proxy import FaultProxy
from tests.e2e.faults.watching import Watched, watching


@pytest.fixture
def proxy(control_plane: ControlPlane) -> Iterator[FaultProxy]:
    """A proxy without rules."""
    with FaultProxy(control_plane.kubeconfig) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[Api]:
    """A client of the proxy, with the credentials of the proxy's kubeconfig."""
    with closing(client_of(proxy)) as client:
        yield client


@pytest.fixture
def maps(namespace: str) -> str:
    """The path of the ConfigMaps of the test's namespace."""
    return path_of("v1", "configmaps", namespace)


@pytest.fixture
def create(api: Api, maps: str) -> Create:
    """Creates ConfigMaps with the names given, apart from the proxy."""

    def create(names: str) -> None:
        for name in names:
            api.create(maps, {"metadata": {"name": name}})

    return create


@pytest.fixture
def watch(proxy: FaultProxy, api: Api, maps: str) -> Watch:
    """Watches the ConfigMaps through the proxy, from now on."""

    def watch() -> AbstractContextManager[Watched]:
        version = api.get(maps)["metadata"]["resourceVersion"]
        return watching(proxy.server, token_of(proxy), maps, version)

    return watch
