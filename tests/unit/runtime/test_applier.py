"""The applier and the status writer, against a fake API server."""

from collections.abc import Iterator
from typing import Any

import pytest

from daskop.api.meta import Meta, OwnerReference
from daskop.api.resources import CLUSTERS, PODS, WORKER_GROUPS
from daskop.errors import ConflictError, ForbiddenError, NameTakenError
from daskop.plan.actions import Create, Delete, Join, Patch
from daskop.runtime.applier import Applier
from daskop.runtime.status import StatusWriter
from tests.unit.builders import key
from tests.unit.fakes.kube import FakeKube


@pytest.fixture
def kube() -> FakeKube:
    return FakeKube()


@pytest.fixture
def applier(kube: FakeKube) -> Iterator[Applier]:
    applier = Applier(kube, parallel=4)
    yield applier
    applier.stop()


def a_manifest(name: str, owner: str = "owner", **more: Any) -> dict[str, Any]:
    reference = OwnerReference("DaskCluster", "c", owner).manifest()
    return {
        "metadata": {"name": name, "namespace": "ns", "ownerReferences": [reference]},
        **more,
    }


def create(name: str, owner: str = "owner") -> Create:
    return Create(PODS, a_manifest(name, owner), owner)


def stored(kube: FakeKube, name: str) -> Meta:
    return Meta.parse(kube.create(WORKER_GROUPS, a_manifest(name)))


def test_a_create_that_meets_our_own_object_is_done(kube: FakeKube, applier: Applier) -> None:
    """
    A create repeated after a lost answer changes nothing and raises nothing.
    """
    applier.apply([create("a")])
    applier.apply([create("a")])

    assert 2 == kube.writes.count("create a")


def test_a_create_that_meets_a_strangers_object_fails(kube: FakeKube, applier: Applier) -> None:
    """
    An object that another owner controls is not taken for ours.
    """
    kube.create(PODS, a_manifest("a", "a-stranger"))

    with pytest.raises(NameTakenError):
        applier.apply([create("a")])


def test_batches_grow_and_stop_at_a_failure(kube: FakeKube, applier: Applier) -> None:
    """
    After 1 and 2 the batch of 4 fails, and none of the rest is asked for.
    """
    kube.refuse["create p4"] = ForbiddenError(403, "Forbidden", "exceeded quota")

    with pytest.raises(ForbiddenError):
        applier.apply([create(f"p{n}") for n in range(50)])

    assert {f"create p{n}" for n in range(7)} == set(kube.writes)


def test_a_delete_of_what_is_gone_is_done(kube: FakeKube, applier: Applier) -> None:
    """
    An object that is gone, or gone and made anew, needs no deleting.
    """
    kube.create(PODS, a_manifest("anew"))

    applier.apply([Delete(PODS, key("gone"), "u"), Delete(PODS, key("anew"), "earlier-uid")])

    assert "anew" == kube.get(PODS, key("anew"))["metadata"]["name"]


def test_a_patch_needs_the_version_that_was_read(kube: FakeKube, applier: Applier) -> None:
    """
    A change that somebody else made in between is not overwritten.
    """
    meta = stored(kube, "g")
    kube.merge_patch(WORKER_GROUPS, key("g"), {"spec": {"by": "somebody"}})

    with pytest.raises(ConflictError):
        applier.apply([Patch(WORKER_GROUPS, meta, {"spec": {"by": "us"}})])


def test_a_join_keeps_other_owners(kube: FakeKube, applier: Applier) -> None:
    """
    The cluster is added to the owners that the group has.
    """
    cluster = kube.create(CLUSTERS, a_manifest("c"))["metadata"]["uid"]
    owner = OwnerReference("DaskCluster", "c", cluster, controller=False)

    applier.apply([Join(WORKER_GROUPS, stored(kube, "g"), CLUSTERS, owner)])

    owners = kube.get(WORKER_GROUPS, key("g"))["metadata"]["ownerReferences"]
    assert ["owner", cluster] == [entry["uid"] for entry in owners]


def test_a_join_looks_at_the_cluster_first(kube: FakeKube, applier: Applier) -> None:
    """
    A reference to a cluster that was replaced meanwhile would have the group collected.
    """
    kube.create(CLUSTERS, a_manifest("c"))
    owner = OwnerReference("DaskCluster", "c", "earlier-uid", controller=False)

    with pytest.raises(ConflictError):
        applier.apply([Join(WORKER_GROUPS, stored(kube, "g"), CLUSTERS, owner)])


def test_status_is_written_only_if_it_differs(kube: FakeKube) -> None:
    """
    The same status is no write; a field that is not wanted any more is removed.
    """
    writer = StatusWriter(kube)
    meta = stored(kube, "g")
    writer.write(WORKER_GROUPS, meta, {"a": 1}, {"a": 1})
    writer.write(WORKER_GROUPS, meta, {}, None)
    silent = list(kube.writes)
    kube.merge_patch(WORKER_GROUPS, key("g"), {"status": {"old": 1}}, "status")
    meta = Meta.parse(kube.get(WORKER_GROUPS, key("g")))
    writer.write(WORKER_GROUPS, meta, {"old": 1}, {"new": 2})

    assert ["create g"] == silent
    assert {"new": 2} == kube.get(WORKER_GROUPS, key("g"))["status"]
