"""After etcd was restored from a backup the informer's copy is that of the server again."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from daskop.cache.versions import is_older
from tests.e2e.cluster.controlplane.api import path_of
from tests.e2e.cluster.controlplane.components import APISERVER, ETCD
from tests.e2e.cluster.controlplane.options import BARE
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.faults.following import Following, Named, Objects, following, full_lists
from tests.e2e.faults.proxy import FaultProxy

WITHIN_SECONDS = 15.0

pytestmark = pytest.mark.timeout(180, func_only=True)  # five starts of a component


@pytest.fixture
def plane() -> Iterator[ControlPlane]:
    """A control plane of the test's own, whose past may be changed."""
    with ControlPlane(BARE) as plane:
        yield plane


@pytest.fixture
def objects(plane: ControlPlane) -> Objects:
    """ConfigMaps that are followed."""
    plane.api.create(path_of("v1", "namespaces"), {"metadata": {"name": "restored"}})
    return Objects(plane.api, "restored")


def back_up(plane: ControlPlane) -> Path:
    """Copy etcd's data while it is stopped."""
    backup = plane.folder / "backup"
    plane.stop_component(ETCD)
    shutil.copytree(plane.folder / ETCD, backup)
    plane.start_component(ETCD)
    return backup


def restore(plane: ControlPlane, backup: Path) -> None:
    """
    Put the data back, and start the API server anew.

    It is stopped last, as a start of etcd waits for it; meanwhile it serves what it remembers.
    """
    plane.stop_component(ETCD)
    shutil.rmtree(plane.folder / ETCD)
    shutil.copytree(backup, plane.folder / ETCD)
    plane.start_component(ETCD)
    plane.stop_component(APISERVER)
    plane.start_component(APISERVER)


def is_equal_to_server(followed: Following, objects: Objects) -> bool:
    """Whether the store holds what the server holds, in the same versions."""
    store = followed.informer.store
    stored = {view for key in store.snapshot() if (view := store.get(key))}
    return stored == set(map(Named.parse, objects.api.list(objects.path, objects.selector)))


def test_versions_that_went_back_are_noticed(plane: ControlPlane, objects: Objects) -> None:
    """
    What was lost leaves the store, what came back is in it, and later changes come by the watch.
    """
    with FaultProxy(plane.kubeconfig) as proxy, following(proxy, objects, "a", "b") as followed:
        backup = back_up(plane)
        objects.delete("a")
        objects.create_many([f"lost{number}" for number in range(300)])
        followed.wait_until(lambda: len(followed.names()) == 301, "301 objects")
        before = objects.version()
        restore(plane, backup)
        followed.wait_for_only("a", "b", within_seconds=WITHIN_SECONDS)
        assert is_older(objects.version(), before)
        assert is_equal_to_server(followed, objects)
        objects.create("later")
        followed.wait_for_only("a", "b", "later")

        assert is_equal_to_server(followed, objects)
        assert 2 == followed.lists == len(full_lists(proxy))
        lost = [change for change in followed.changes if change.new is None and change.listed]
        assert 300 == len(lost)
