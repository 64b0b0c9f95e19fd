"""The client on a real API server keeps the contract that the unit tests' fake keeps."""

from collections.abc import Iterator

import pytest

from daskop.api.resources import Resource
from daskop.kube.client import Client
from daskop.kube.transport import connect
from daskop.kube.watch import ResourceWatcher
from daskop.metrics import Metrics
from tests.contracts.kube import KubeContract
from tests.e2e.cluster.controlplane.plane import ControlPlane


class RealKube(Client):
    """The client, with a watcher of its own."""

    def lister_watcher(self, resource: Resource) -> ResourceWatcher:
        """A new lister and watcher of *resource* in all namespaces."""
        return ResourceWatcher(self, resource)


@pytest.fixture
def kube(control_plane: ControlPlane) -> Iterator[RealKube]:
    """A client with all rights; no operator runs beside it."""
    client = RealKube(connect(control_plane.kubeconfig, connections=4), Metrics())
    yield client
    client.close()


@pytest.mark.usefixtures("custom_resources")
class TestKubeContract(KubeContract):
    """On the real server."""
