"""The slim views of Pods and Services."""

from typing import Any

import pytest

from daskop.api.children import Pod, Service
from daskop.api.meta import Meta, OwnerReference
from tests.unit.builders import a_meta, a_pod, key, owned_by


def raw(status: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    identity = {"name": "p", "namespace": "ns", "uid": "u", "resourceVersion": "9"}
    return {"metadata": {**identity, **metadata}, "status": status}


def ended_at(moment: str | None) -> dict[str, Any]:
    return {"name": "main", "state": {"terminated": {"finishedAt": moment}}}


def test_a_new_pod_is_pending() -> None:
    """
    A Pod without status and labels is read as one that has not begun.
    """
    assert Pod(Meta(key("p"), "u", "9")) == Pod.parse(raw())


def test_a_pod_is_read_from_its_status() -> None:
    """
    Phase, readiness, start and cluster are those that the API says.
    """
    status = {
        "phase": "Running",
        "startTime": "2026-01-01T00:00:00Z",
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    pod = Pod.parse(raw(status, labels={"dask.org/cluster-name": "c"}))

    assert ("Running", True, "c") == (pod.phase, pod.ready, pod.labels.cluster)
    assert "2026-01-01T00:00:00Z" == pod.started


@pytest.mark.parametrize(
    "condition",
    [{"type": "Ready", "status": "False"}, {"type": "PodScheduled", "status": "True"}],
    ids=["not ready", "another condition"],
)
def test_only_ready_is_ready(condition: dict[str, str]) -> None:
    """
    Another condition, or Ready that does not hold, makes no ready Pod.
    """
    assert not Pod.parse(raw({"conditions": [condition]})).ready


@pytest.mark.parametrize(
    ("containers", "finished"),
    [
        pytest.param(
            [ended_at("2026-01-01T00:00:01Z"), ended_at("2026-01-01T00:00:02Z")],
            "2026-01-01T00:00:02Z",
            id="the last",
        ),
        pytest.param([ended_at(None)], "", id="no time"),
        pytest.param([{"name": "main"}], "", id="no state"),
        pytest.param([], "", id="none"),
    ],
)
def test_a_pod_ends_with_its_last_container(
    containers: list[dict[str, Any]], finished: str
) -> None:
    """
    The end is the latest one that is known.
    """
    status = {"phase": "Succeeded", "containerStatuses": containers}
    assert finished == Pod.parse(raw(status)).finished


def test_a_pod_that_runs_has_no_end() -> None:
    """
    One container has ended and others run: the Pod has not.
    """
    one = [ended_at("2026-01-01T00:00:01Z"), {"name": "second", "state": {"running": {}}}]

    assert not Pod.parse(raw({"phase": "Running", "containerStatuses": one})).finished


@pytest.mark.parametrize(
    ("pod", "alive"),
    [
        pytest.param(a_pod("p", phase="Pending"), True, id="pending"),
        pytest.param(a_pod("p", phase="Unknown"), True, id="unknown"),
        pytest.param(a_pod("p", phase="Failed"), False, id="failed"),
        pytest.param(a_pod("p", phase="Succeeded"), False, id="succeeded"),
        pytest.param(a_pod("p", deleting=True), False, id="going"),
    ],
)
def test_a_pod_lives_until_it_ends_or_goes(pod: Pod, alive: bool) -> None:
    """
    What ended or is being deleted is no worker any more.
    """
    assert alive is pod.alive


def test_an_owner_controls_or_only_holds() -> None:
    """
    An owner that does not control takes the object along when it goes, and manages nothing.
    """
    meta = a_meta("g", "u", owned_by("holder", controller=False), owned_by("boss"))

    assert (True, False) == (meta.controlled_by("boss"), meta.controlled_by("holder"))
    assert (True, True) == (meta.owned_by("boss"), meta.owned_by("holder"))
    assert not a_meta("g", "u").controlled_by("boss")


def test_identity_is_read_whole() -> None:
    """
    Owners, generation, age and a deletion that is under way come from the metadata.
    """
    owner = OwnerReference("DaskCluster", "c", "c-uid", controller=True)
    metadata: dict[str, Any] = {
        "generation": 4,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "deletionTimestamp": "2026-01-02T00:00:00Z",
        "ownerReferences": [owner.manifest()],
    }

    read = Service.parse(raw(**metadata)).meta

    created = "2026-01-01T00:00:00Z"
    assert Meta(key("p"), "u", "9", 4, created, deleting=True, owners=(owner,)) == read


@pytest.mark.parametrize("port", ["comm", "tcp-comm"])
def test_restarts_are_those_of_the_container_with_the_comm_port(port: str) -> None:
    """
    A proxy before the scheduler in the Pod's spec is not the scheduler.
    """
    ports = [{"containerPort": 80}, {"name": port, "containerPort": 8786}]
    spec = {"containers": [{"name": "proxy", "ports": None}, {"name": "dask", "ports": ports}]}
    told = [{"name": "proxy", "restartCount": 7}, {"name": "dask", "restartCount": 2}]

    pod = Pod.parse({**raw({"phase": "Running", "containerStatuses": told}), "spec": spec})

    assert 2 == pod.restarts
