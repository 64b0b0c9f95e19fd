"""What the applier does when a name is taken, against a fake API server."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from daskop.api.meta import Manifest, NamespacedName, OwnerReference
from daskop.api.resources import PODS, Resource
from daskop.errors import ConflictError, ForbiddenError, NameTakenError
from daskop.plan.actions import Create
from daskop.runtime.applier import Applier
from tests.unit.builders import key
from tests.unit.fakes.kube import FakeKube, Json

LABELS = {"dask.org/cluster-name": "c", "dask.org/component": "worker"}


class Watched(FakeKube):
    """A server on which somebody changes an object right after it was read."""

    disturbed = False

    def get(self, resource: Resource, key: NamespacedName) -> Json:
        found = super().get(resource, key)
        if self.disturbed:
            super().merge_patch(resource, key, {"spec": {"by": "somebody"}})
        return found


@pytest.fixture
def kube() -> Watched:
    return Watched()


@pytest.fixture
def applier(kube: Watched) -> Iterator[Applier]:
    applier = Applier(kube, parallel=2)
    yield applier
    applier.stop()


def a_manifest(name: str, owner: str, labels: Manifest | None = None) -> dict[str, Any]:
    reference = OwnerReference("DaskWorkerGroup", "g", owner).manifest()
    metadata = {"name": name, "namespace": "ns", "ownerReferences": [reference]}
    return {"metadata": {**metadata, **({} if labels is None else {"labels": dict(labels)})}}


def chain(*names: str) -> Create:
    """A create of the first of *names*, or else of the second, and so on."""
    first = Create(PODS, a_manifest(names[0], "us", LABELS), "us")
    return replace(first, instead=lambda: chain(*names[1:])) if names[1:] else first


def owners(kube: FakeKube) -> dict[str, str]:
    found = [pod["metadata"] for pod in kube.listed("pods")[0]]
    return {of["name"]: of["ownerReferences"][0]["uid"] for of in found}


def labels_of(kube: FakeKube, name: str) -> dict[str, str]:
    return dict(kube.get(PODS, key(name))["metadata"].get("labels", {}))


@pytest.mark.parametrize("strangers", [0, 1, 2, 3])
def test_the_first_free_name_is_taken(kube: Watched, applier: Applier, strangers: int) -> None:
    """
    However many strangers stand in a row, one object is made behind them, and they stay.
    """
    theirs = dict.fromkeys("abc"[:strangers], "a-stranger")
    for name, owner in theirs.items():
        kube.create(PODS, a_manifest(name, owner))
    kube.writes.clear()

    assert applier.apply([chain(*"abcd")])

    assert {**theirs, "abcd"[strangers]: "us"} == owners(kube)
    assert [f"create {name}" for name in "abcd"[: strangers + 1]] == kube.writes


def test_a_row_of_strangers_without_an_end_is_told(kube: Watched, applier: Applier) -> None:
    """
    If the last name is taken, too, it is that one which people are told of.
    """
    for name in "ab":
        kube.create(PODS, a_manifest(name, "a-stranger"))

    with pytest.raises(NameTakenError, match=r"^Pod ns/b exists already, and is not ours$"):
        applier.apply([chain(*"ab")])

    assert {"a": "a-stranger", "b": "a-stranger"} == owners(kube)


@pytest.mark.parametrize("strangers", [0, 1])
def test_our_own_object_ends_the_search(kube: Watched, applier: Applier, strangers: int) -> None:
    """
    What an earlier create has made under a name needs no other name, and no write.
    """
    for name in "ab"[:strangers]:
        kube.create(PODS, a_manifest(name, "a-stranger"))
    applier.apply([chain(*"abc")])
    before = owners(kube)

    applier.apply([chain(*"abc")])

    assert before == owners(kube)
    assert [] == [write for write in kube.writes if not write.startswith("create ")]


def test_a_refusal_of_the_other_name_is_told(kube: Watched, applier: Applier) -> None:
    """
    A quota that does not allow what is made instead is no reason to try yet another name.
    """
    kube.create(PODS, a_manifest("a", "a-stranger"))
    kube.refuse["create b"] = ForbiddenError(403, "Forbidden", "exceeded quota")

    with pytest.raises(ForbiddenError, match="exceeded quota"):
        applier.apply([chain(*"abc")])

    assert {"a": "a-stranger"} == owners(kube)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(None, id="none"),
        pytest.param({}, id="empty"),
        pytest.param({"dask.org/component": "worker", "team": "a"}, id="one is gone"),
        pytest.param({**LABELS, "dask.org/component": "mine", "team": "a"}, id="one is changed"),
    ],
)
def test_labels_of_our_own_object_are_put_back(
    kube: Watched, applier: Applier, found: Manifest | None
) -> None:
    """
    Without them our watches do not show it; labels that we do not know stay.
    """
    kube.create(PODS, a_manifest("a", "us", found))

    applier.apply([chain("a")])

    team = {"team": "a"} if found else {}
    assert {**LABELS, **team} == labels_of(kube, "a")
    assert ["create a", "create a", "patch a"] == kube.writes


def test_an_object_with_its_labels_is_not_written_to(kube: Watched, applier: Applier) -> None:
    """
    More labels than ours are no reason to write.
    """
    kube.create(PODS, a_manifest("a", "us", {**LABELS, "team": "a"}))

    applier.apply([chain("a")])

    assert ["create a", "create a"] == kube.writes


def test_an_object_that_wants_no_labels_has_none_to_lose(kube: Watched, applier: Applier) -> None:
    """
    A manifest without labels mends nothing.
    """
    kube.create(PODS, a_manifest("a", "us", {"team": "a"}))

    applier.apply([Create(PODS, a_manifest("a", "us"), "us")])

    assert ({"team": "a"}, 0) == (labels_of(kube, "a"), kube.writes.count("patch a"))


def test_labels_of_a_stranger_are_left_alone(kube: Watched, applier: Applier) -> None:
    """
    An object that is not ours is not written to, whatever its labels say.
    """
    kube.create(PODS, a_manifest("a", "a-stranger", {"dask.org/cluster-name": "theirs"}))

    applier.apply([chain(*"ab")])

    assert {"dask.org/cluster-name": "theirs"} == labels_of(kube, "a")
    assert LABELS == labels_of(kube, "b")


def test_labels_are_not_put_back_over_a_change(kube: Watched, applier: Applier) -> None:
    """
    An object that changed since it was read is looked at again by the next pass.
    """
    kube.create(PODS, a_manifest("a", "us"))
    kube.disturbed = True
    with pytest.raises(ConflictError):
        applier.apply([chain("a")])
    between = labels_of(kube, "a")
    kube.disturbed = False

    applier.apply([chain("a")])

    assert ({}, LABELS) == (between, labels_of(kube, "a"))
