"""How a cluster's and a job's spec reach a child of our own kinds that is there already."""

import copy
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daskop.api.cluster import CLUSTER, DaskCluster
from daskop.api.job import JOB
from daskop.api.meta import Manifest
from daskop.api.worker_group import WORKER_GROUP, DaskWorkerGroup
from daskop.plan.cluster import default_group
from daskop.plan.job import job_cluster
from daskop.plan.passing_down import child_changes
from tests.unit.builders import POD_SPEC
from tests.unit.plan.rfc7396 import without_nulls

NOTE = "kubernetes.dask.org/passed-replicas"


def owner(kind: str, spec: Manifest, notes: Manifest) -> dict[str, Any]:
    metadata = {"name": "o", "namespace": "ns", "uid": "owner-uid", "resourceVersion": "1"}
    return {"kind": kind, "metadata": {**metadata, **notes}, "spec": spec}


def a_group(notes: Manifest | None = None, **worker: Any) -> dict[str, Any]:
    """The default group that a cluster wants whose workers are these."""
    spec = {"worker": {"replicas": 2, "spec": POD_SPEC, **worker}, "scheduler": {"spec": POD_SPEC}}
    return default_group(CLUSTER.parse(owner("DaskCluster", spec, notes or {})))


def a_job_cluster(notes: Manifest | None = None, **worker: Any) -> dict[str, Any]:
    """The cluster that a job wants whose workers are these."""
    cluster = {
        "worker": {"replicas": 2, "spec": POD_SPEC, **worker},
        "scheduler": {"spec": POD_SPEC},
    }
    spec = {"job": {"spec": POD_SPEC}, "cluster": {"spec": cluster}}
    return job_cluster(JOB.parse(owner("DaskJob", spec, notes or {})))


Wanted: TypeAlias = Callable[..., dict[str, Any]]
of_both_kinds = pytest.mark.parametrize("wanted", [a_group, a_job_cluster])


def parsed(stored: Manifest) -> DaskCluster | DaskWorkerGroup:
    metadata = {**stored["metadata"], "uid": "child-uid", "resourceVersion": "1"}
    manifest = {**stored, "metadata": metadata}
    if stored["kind"] == "DaskCluster":
        return CLUSTER.parse(manifest)
    return WORKER_GROUP.parse(manifest)


def changes(stored: Manifest, wanted: Manifest) -> dict[str, Any]:
    return child_changes(parsed(stored), wanted)


def merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return without_nulls(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def scaled(stored: Manifest, replicas: int) -> dict[str, Any]:
    """The child once ``kubectl scale`` or an HPA has been at it."""
    return dict(merged(stored, {"spec": {"worker": {"replicas": replicas}}}))


@of_both_kinds
def test_a_child_as_it_was_made_needs_nothing(wanted: Wanted) -> None:
    """
    What was created is what is wanted.
    """
    assert {} == changes(wanted(), wanted())


@of_both_kinds
def test_a_number_given_to_the_child_stands(wanted: Wanted) -> None:
    """
    As long as the owner's number does not change, the other hand's is kept.
    """
    assert {} == changes(scaled(wanted(), 7), wanted())


@of_both_kinds
def test_a_new_number_of_the_owner_wins_once(wanted: Wanted) -> None:
    """
    It replaces what the child was scaled to, is noted, and may be overruled again.
    """
    patch = changes(scaled(wanted(), 7), wanted(replicas=5))

    assert {
        "metadata": {"annotations": {NOTE: "5"}},
        "spec": {"worker": {"replicas": 5}},
    } == patch
    after = merged(wanted(), patch)
    assert {} == changes(after, wanted(replicas=5))
    assert {} == changes(scaled(after, 9), wanted(replicas=5))


@of_both_kinds
@pytest.mark.parametrize("note", [None, "", "two", "02"])
def test_without_a_good_note_the_owners_number_is_passed(wanted: Wanted, note: str | None) -> None:
    """
    A note that somebody removed or spoilt is written anew, together with the number.
    """
    stored = merged(scaled(wanted(), 7), {"metadata": {"annotations": {NOTE: note}}})

    assert {
        "metadata": {"annotations": {NOTE: "2"}},
        "spec": {"worker": {"replicas": 2}},
    } == changes(stored, wanted())


@of_both_kinds
def test_a_new_template_leaves_the_number(wanted: Wanted) -> None:
    """
    Of a scaled child only the template is changed: its workers stay as many as they are.
    """
    spec = {"containers": [{"name": "main", "image": "newer"}]}

    patch = changes(scaled(wanted(), 7), wanted(spec=spec))

    assert {"spec": {"worker": {"spec": spec}}} == patch


@of_both_kinds
@pytest.mark.parametrize(
    ("before", "after", "worker"),
    [
        pytest.param(
            {"spec": {**POD_SPEC, "nodeName": "a", "newer": {"x": 1, "y": 2}}},
            {"spec": {**POD_SPEC, "newer": {"x": 1}}},
            {"spec": {"nodeName": None, "newer": {"y": None}}},
            id="keys removed",
        ),
        pytest.param(
            {"spec": {"containers": [{"name": "a", "image": "b"}, {"name": "c"}]}},
            {"spec": {"containers": [{"name": "a"}]}},
            {"spec": {"containers": [{"name": "a"}]}},
            id="container and its key removed",
        ),
        pytest.param(
            {"metadata": {"labels": {"a": "1", "b": "2"}, "annotations": {"n": "1"}}},
            {"metadata": {"labels": {"a": "3"}}},
            {"metadata": {"labels": {"a": "3", "b": None}, "annotations": {"n": None}}},
            id="metadata",
        ),
    ],
)
def test_a_changed_template_is_passed_down(
    wanted: Wanted, before: dict[str, Any], after: dict[str, Any], worker: dict[str, Any]
) -> None:
    """
    The patch says what is new and, by nulls, what is gone; it leaves nothing to change.
    """
    patch = changes(wanted(**before), wanted(**after))

    assert {"spec": {"worker": worker}} == patch
    assert {} == changes(merged(wanted(**before), patch), wanted(**after))


def test_a_jobs_scheduler_is_passed_down() -> None:
    """
    What the job says of the scheduler and its Service reaches the job's cluster.
    """
    wanted = a_job_cluster()
    stored = copy.deepcopy(wanted)
    stored["spec"]["scheduler"]["service"] = {"type": "NodePort"}

    assert {"spec": {"scheduler": {"service": {"type": None}}}} == changes(stored, wanted)


@of_both_kinds
@pytest.mark.parametrize("field", ["labels", "annotations"])
def test_labels_and_annotations_of_others_are_kept(wanted: Wanted, field: str) -> None:
    """
    What the owner asks for is put back or changed; what others have noted is left alone.
    """
    stored = merged(wanted({field: {"team": "a"}}), {"metadata": {field: {"others": "note"}}})
    lost = merged(stored, {"metadata": {field: {"team": None}}})

    assert {} == changes(stored, wanted({field: {"team": "a"}}))
    assert {"metadata": {field: {"team": "a"}}} == changes(lost, wanted({field: {"team": "a"}}))
    assert {"metadata": {field: {"team": "b"}}} == changes(stored, wanted({field: {"team": "b"}}))


@of_both_kinds
def test_a_lost_reserved_label_is_put_back(wanted: Wanted) -> None:
    """
    The label that says what the child is comes back.
    """
    label = "dask.org/component"
    stored = merged(wanted(), {"metadata": {"labels": {label: "other"}}})

    value = wanted()["metadata"]["labels"][label]
    assert {"metadata": {"labels": {label: value}}} == changes(stored, wanted())


@of_both_kinds
@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({**POD_SPEC, "affinity": None}, id="field"),
        pytest.param({**POD_SPEC, "affinity": {"nodeAffinity": None}}, id="inner field"),
        pytest.param({"containers": [{"name": "main", "image": "x", "args": None}]}, id="list"),
        pytest.param(
            {"containers": [{"name": "main", "env": [{"name": "A", "value": None}]}]},
            id="list in a list",
        ),
    ],
)
def test_a_null_is_not_written_for_ever(wanted: Wanted, spec: dict[str, Any]) -> None:
    """
    A null of the user's is nothing to change, in a child as created and in one that was patched.
    """
    before = wanted(spec={"containers": [{"name": "main"}]})

    after = merged(before, changes(before, wanted(spec=spec)))

    assert {} == changes(wanted(spec=spec), wanted(spec=spec))
    assert {} == changes(after, wanted(spec=spec))


names = st.sampled_from(["a", "b", "containers"])
values = st.recursive(
    st.booleans() | st.integers(0, 2) | st.sampled_from(["", "x"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=5,
)
workers = st.fixed_dictionaries(
    {
        "replicas": st.integers(0, 3),
        "spec": st.dictionaries(names, values | st.none(), max_size=3),
        "metadata": st.fixed_dictionaries(
            {"labels": st.dictionaries(names, st.sampled_from(["", "x"]), max_size=2)}
        ),
    }
)


@of_both_kinds
@given(before=workers, after=workers)
def test_a_patched_child_needs_nothing(
    wanted: Wanted, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """
    Whatever the owner said before, the patch makes its child the one that it wants now.
    """
    stored = wanted(**before)

    patched = merged(stored, changes(stored, wanted(**after)))

    assert without_nulls(parsed(wanted(**after)).spec.model_dump()) == without_nulls(
        parsed(patched).spec.model_dump()
    )
    assert {} == changes(patched, wanted(**after))
