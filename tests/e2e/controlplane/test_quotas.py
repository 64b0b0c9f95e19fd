"""What a quota refuses is told, asked for less and less often, and made once there is room."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import pytest

from tests.e2e.cluster.controlplane.api import path_of
from tests.e2e.cluster.controlplane.audit import requests
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.controlplane.dask import Dask
from tests.e2e.controlplane.operator_process import OperatorProcess

SCHEDULER = "simple-cluster-scheduler"

REFUSALS = 6
"""After these the next request would come in about half a minute: 1 + 2 + 4 + 8 + 16 seconds."""

AT_ONCE_SECONDS = 10
"""Far less than that, and far more than it takes: a second, and what a loaded machine needs."""


@pytest.fixture
def spaces(control_plane: ControlPlane, operator: OperatorProcess) -> Iterator[list[Dask]]:
    """The objects of a namespace for each way to make room: all wait at the same time."""
    assert operator.pid is not None
    api = control_plane.api
    names = [f"quota-{heal.__name__.replace('_', '-')}" for heal in HEALINGS]
    for name in names:
        api.make_namespace(name)
    yield [Dask(api, name) for name in names]
    for name in names:
        api.delete(path_of("v1", "namespaces", name=name))


def set_quota(dask: Dask, name: str, **hard: str) -> None:
    path, spec = dask.path("resourcequotas"), {"hard": hard}
    if dask.api.exists(f"{path}/{name}"):
        dask.api.patch(f"{path}/{name}", {"spec": spec})
    else:
        dask.api.create(path, {"metadata": {"name": name}, "spec": spec})

    def in_force() -> bool:
        return bool(hard == dask.get("resourcequotas", name).get("status", {}).get("hard"))

    dask.wait_for(in_force, f"the quota {name}")


def wait_for_refusals(plane: ControlPlane, dask: Dask, of: str) -> None:
    """Wait until so many Pods were refused whose names begin with *of*."""

    def refused() -> bool:
        seen = [
            r
            for r in requests(plane.audit_log)
            if (r.verb, r.resource, r.namespace, r.code) == ("create", "pods", dask.namespace, 403)
            and r.name.startswith(of)
        ]
        return len(seen) >= REFUSALS

    dask.wait_for(refused, f"{REFUSALS} refusals of {of}", within_seconds=60)


def raise_it(dask: Dask) -> None:
    set_quota(dask, "few", pods="9")


def remove_it(dask: Dask) -> None:
    dask.api.delete(f"{dask.path('resourcequotas')}/few")


def make_room(dask: Dask) -> None:
    for name in ("other-1", "other-2", "other-3", "other-4"):
        dask.api.delete(f"{dask.path('pods', name)}?gracePeriodSeconds=0")


def another_pod(name: str) -> dict[str, Any]:
    spec = {"containers": [{"name": "main", "image": "other"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


HEALINGS: Final[tuple[Callable[[Dask], None], ...]] = (raise_it, remove_it, make_room)


def test_room_is_used_at_once(control_plane: ControlPlane, spaces: list[Dask]) -> None:
    """
    However long clusters were refused, they are up soon after there is room, whoever made it.
    """
    for dask in spaces:
        for number in (1, 2, 3, 4):
            dask.create(another_pod(f"other-{number}"))
        set_quota(dask, "few", pods="4")
        dask.apply("cluster.yaml")
    for dask in spaces:
        wait_for_refusals(control_plane, dask, SCHEDULER)
        told = dask.condition("daskclusters", "simple-cluster", "ReplicaFailure")
        assert ("True", "QuotaExceeded") == (told["status"], told["reason"])

    for heal, dask in zip(HEALINGS, spaces, strict=True):
        heal(dask)

    for dask in spaces:
        dask.wait_for(partial(made, dask), f"{SCHEDULER} in {dask.namespace}", AT_ONCE_SECONDS)
        dask.wait_ready("daskclusters", "simple-cluster")
        assert {} == dask.condition("daskclusters", "simple-cluster", "ReplicaFailure")


def made(dask: Dask) -> bool:
    return SCHEDULER in dask.names("pods")
