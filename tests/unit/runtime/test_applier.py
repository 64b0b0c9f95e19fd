"""The applier, against a fake API server."""

from collections.abc import Iterator
from typing import Any

import pytest

from daskop.api.meta import Manifest, Meta, OwnerReference
from daskop.api.resources import CLUSTERS, PODS, WORKER_GROUPS, Resource
from daskop.errors import (
    ConflictError,
    ForbiddenError,
    NamespaceTerminatingError,
    NameTakenError,
)
from daskop.plan.actions import Create, Delete, Join, Patch
from daskop.runtime.applier import Applier
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


def test_what_is_refused_once_is_not_asked_a_hundred_times(
    kube: FakeKube, applier: Applier
) -> None:
    """
    The first request is alone; when one fails only those under way are finished.
    """
    for doomed, most in ((0, 1), (4, 4 + 1 + 4)):
        kube.writes.clear()
        kube.refuse = {f"create p{doomed}": ForbiddenError(403, "Forbidden", "exceeded quota")}

        with pytest.raises(ForbiddenError):
            applier.apply([create(f"p{n}") for n in range(50)])

        assert doomed < len(kube.writes) <= most


def test_of_several_failures_the_first_in_the_plan_is_told(
    kube: FakeKube, applier: Applier
) -> None:
    """
    Whichever answer comes first: the next pass meets the same failure, and says the same.
    """
    for number in range(3, 50):
        message = f"exceeded quota by p{number}"
        kube.refuse[f"create p{number}"] = ForbiddenError(403, "Forbidden", message)

    with pytest.raises(ForbiddenError, match=r"by p3$"):
        applier.apply([create(f"p{n}") for n in range(50)])


def test_a_pass_writes_a_hundred_times_and_says_that_there_is_more(
    kube: FakeKube, applier: Applier
) -> None:
    """
    A large plan is carried out in several passes, so that other objects get their turn.
    """
    actions = [create(f"p{n}") for n in range(101)]

    assert not applier.apply(actions)
    assert 100 == len(kube.writes)
    assert applier.apply(actions[:100])


def test_a_terminating_namespace_is_no_failure(kube: FakeKube, applier: Applier) -> None:
    """
    Nothing can be made there any more, and nothing needs to be: all of it goes.
    """
    kube.refuse["create a"] = NamespaceTerminatingError(403, "Forbidden", "is being terminated")

    assert applier.apply([create("a"), create("b")])
    assert ["create a"] == kube.writes


def test_a_delete_of_what_is_gone_is_done(kube: FakeKube, applier: Applier) -> None:
    """
    An object that is gone, or gone and made anew, needs no deleting.
    """
    kube.create(PODS, a_manifest("anew"))

    applier.apply([Delete(PODS, key("gone"), "u"), Delete(PODS, key("anew"), "earlier-uid")])

    assert "anew" == kube.get(PODS, key("anew"))["metadata"]["name"]


@pytest.mark.parametrize("version", ["", "1"], ids=["of any version", "as it was seen"])
def test_a_refused_delete_of_what_is_there_is_no_delete(
    kube: FakeKube, applier: Applier, version: str
) -> None:
    """
    An object that has changed, or that a webhook keeps, is left to the pass that is made again.
    """
    uid = kube.create(PODS, a_manifest("p"))["metadata"]["uid"]
    kube.refuse["delete p"] = ConflictError(409, "Conflict", "not now")

    with pytest.raises(ConflictError):
        applier.apply([Delete(PODS, key("p"), uid, version)])


def test_a_delete_of_a_version_spares_what_has_changed(kube: FakeKube, applier: Applier) -> None:
    """
    A Pod that has begun since it was seen is not deleted.
    """
    meta = Meta.parse(kube.create(PODS, a_manifest("p")))
    kube.merge_patch(PODS, key("p"), {"spec": {"by": "somebody"}})

    with pytest.raises(ConflictError):
        applier.apply([Delete(PODS, key("p"), meta.uid, meta.resource_version)])
    live = Meta.parse(kube.get(PODS, key("p")))
    applier.apply([Delete(PODS, key("p"), live.uid, live.resource_version)])

    assert applier.live(PODS, key("p")) is None


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


def test_one_that_ends_begins_no_more() -> None:
    """
    What is under way is finished, the rest is left, and the plan is said not to be complete.
    """

    class EndingKube(FakeKube):
        def create(self, resource: Resource, manifest: Manifest) -> dict[str, Any]:
            if len(self.writes) >= 10:
                ending.end()
            return super().create(resource, manifest)

    kube = EndingKube()
    ending = Applier(kube, parallel=4)
    try:
        complete = ending.apply([create(f"p{n}") for n in range(50)])
    finally:
        ending.stop()

    assert not complete
    assert 10 < len(kube.writes) <= 10 + 2 * 4
