"""What a status says when the API server refused a write."""

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from daskop.api.meta import Manifest
from daskop.plan.cluster import plan_cluster
from daskop.plan.job import plan_job
from daskop.plan.observed import ObservedCluster, ObservedJob
from daskop.plan.refusal import refused_status
from tests.unit.builders import a_cluster, a_job, a_pod, a_service, a_worker_group

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STAMP = "2026-01-02T03:04:05Z"
EARLIER = "2026-01-01T00:00:00Z"

REASON = "Forbidden"
MESSAGE = "pods is forbidden: exceeded quota"


def entry(type_: str, status: str, **more: Any) -> dict[str, Any]:
    times = {"observedGeneration": 2, "lastTransitionTime": EARLIER}
    return {"type": type_, "status": status, "reason": "Old", "message": "old", **times, **more}


def refused(planned: Manifest, stored: Manifest | None = None) -> dict[str, Any]:
    return refused_status(planned, stored or {}, REASON, MESSAGE, 3, NOW)


def by_type(status: Manifest) -> dict[str, Any]:
    types = [entry["type"] for entry in status["conditions"]]
    assert len(types) == len(set(types))  # the API server refuses a type that is there twice
    return {entry["type"]: entry for entry in status["conditions"]}


def test_the_refusal_is_the_reason_of_all_that_is_not_as_it_should_be() -> None:
    """
    Ready, Reconciling and ReplicaFailure tell the server's words; other conditions stay.
    """
    probe = entry("ProbeFieldsMoved", "True")
    conditions = [entry("Ready", "True"), entry("Reconciling", "False"), probe]

    said = by_type(refused({"conditions": conditions}))

    told = {kind: (said[kind]["status"], said[kind]["reason"]) for kind in said}
    assert {
        "Ready": ("False", REASON),
        "Reconciling": ("True", REASON),
        "ProbeFieldsMoved": ("True", "Old"),
        "ReplicaFailure": ("True", REASON),
    } == told
    assert {MESSAGE} == {said[k]["message"] for k in ("Ready", "Reconciling", "ReplicaFailure")}
    assert {3} == {condition["observedGeneration"] for condition in said.values()}


@pytest.mark.parametrize("status", ["True", "False"])
def test_an_earlier_refusal_is_replaced(status: str) -> None:
    """
    A status that tells of a refusal already tells of the new one only.
    """
    said = by_type(refused({"conditions": [entry("ReplicaFailure", status)]}))

    assert {"ReplicaFailure"} == said.keys()
    assert ("True", REASON) == (
        said["ReplicaFailure"]["status"],
        said["ReplicaFailure"]["reason"],
    )


@pytest.mark.parametrize("planned", [{}, {"conditions": None}, {"conditions": []}])
def test_a_status_without_conditions_gets_one(planned: dict[str, Any]) -> None:
    """
    Of an object about which nothing was said, the refusal is what there is to say.
    """
    assert {"ReplicaFailure"} == by_type(refused(planned)).keys()


@pytest.mark.parametrize(
    ("stored", "since"),
    [
        pytest.param([], STAMP, id="nothing"),
        pytest.param([entry("Ready", "True")], STAMP, id="other status"),
        pytest.param([entry("Ready", "False")], EARLIER, id="same status"),
    ],
)
def test_the_time_is_that_of_the_change(stored: list[Any], since: str) -> None:
    """
    The time of a transition is kept from the stored status if the refusal is no transition.
    """
    planned = {"conditions": [entry("Ready", "True", lastTransitionTime="never")]}

    said = by_type(refused(planned, {"conditions": stored}))

    assert since == said["Ready"]["lastTransitionTime"]


@pytest.mark.parametrize(
    ("planned", "rest"),
    [
        pytest.param({"phase": "Running", "replicas": 2}, {"phase": "Error", "replicas": 2}),
        pytest.param({"jobStatus": "Running"}, {"jobStatus": "Running"}),
        pytest.param({"replicas": 2}, {"replicas": 2}),
    ],
    ids=["cluster", "job", "group"],
)
def test_only_a_phase_becomes_error(planned: dict[str, Any], rest: dict[str, Any]) -> None:
    """
    A kind that has no phase gets none; the other fields are as planned.
    """
    said = refused(planned)
    del said["conditions"]

    assert rest == said


def test_the_same_refusal_is_the_same_status() -> None:
    """
    A pass that is refused as the one before plans what is stored, so that nothing is written.
    """

    def said(stored: Manifest, now: datetime) -> dict[str, Any]:
        cluster = a_cluster(status=stored)
        plan = plan_cluster(ObservedCluster(cluster, None, None, None), now)
        assert plan.status is not None
        return refused_status(plan.status, stored, REASON, MESSAGE, 3, now)

    first = said({}, NOW)

    assert first == said(first, NOW + timedelta(hours=1))


def test_what_was_planned_is_not_changed() -> None:
    """
    The planned and the stored status may be the cache's own.
    """
    planned = {"phase": "Running", "conditions": [entry("Ready", "True")]}
    before = copy.deepcopy(planned)

    refused(planned, planned)

    assert before == planned


def test_a_cluster_recovers_from_a_refusal() -> None:
    """
    Once nothing is refused any more, neither condition nor phase tell of it.
    """
    group = a_worker_group(status={"readyReplicas": 2})
    scheduler = a_pod("c-scheduler", owner="cluster-uid")
    cluster = a_cluster(status=refused({"phase": "Pending"}))

    status = plan_cluster(ObservedCluster(cluster, scheduler, a_service(), group), NOW).status

    assert status is not None
    assert "Running" == status["phase"]
    assert "ReplicaFailure" not in by_type(status)


def test_an_ended_job_recovers_from_a_refusal() -> None:
    """
    A job whose clean-up was refused for a while does not say so for ever.
    """
    ended = {"conditions": [entry("Complete", "True"), entry("Reconciling", "False")]}
    stored = refused(ended, ended)

    plan = plan_job(ObservedJob(a_job(status=stored), None, None, None), NOW)

    said = by_type(stored if plan.status is None else plan.status)
    assert "ReplicaFailure" not in said
    assert ("True", "False") == (said["Complete"]["status"], said["Reconciling"]["status"])


def test_a_spec_that_is_refused_is_stalled() -> None:
    """
    Only its user can go on, which tools that wait learn from Stalled; another refusal may pass.
    """
    conditions = {"conditions": [entry("Ready", "True")]}

    said = by_type(refused_status(conditions, {}, "InvalidSpec", MESSAGE, 3, NOW))

    stalled = said["Stalled"]
    assert ("True", "InvalidSpec", MESSAGE) == tuple(
        stalled[field] for field in ("status", "reason", "message")
    )
    assert "Stalled" not in by_type(refused(conditions))


def test_a_refusal_with_a_whole_spec_in_it_is_cut() -> None:
    """
    Every condition that tells it has the same message, which is stored again without a change.
    """
    planned = {"conditions": [entry("Ready", "True")]}

    said = by_type(refused_status(planned, {}, "InvalidSpec", "x" * 40_000, 3, NOW))

    assert {"Ready", "ReplicaFailure", "Stalled"} == said.keys()
    assert {f"{'x' * 2043} ... {'x' * 2048}"} == {
        condition["message"] for condition in said.values()
    }


@pytest.mark.parametrize(
    ("reason", "types"),
    [
        ("InvalidSpec", {"ReplicaFailure", "Stalled"}),
        ("Forbidden", {"ReplicaFailure"}),
    ],
)
def test_an_earlier_refused_spec_is_replaced(reason: str, types: set[str]) -> None:
    """
    A pass that plans no status begins with the stored one, whose refusal is not said twice.
    """
    stored = refused_status({}, {}, "InvalidSpec", MESSAGE, 3, NOW)

    assert types == by_type(refused_status(stored, stored, reason, MESSAGE, 3, NOW)).keys()


@pytest.mark.parametrize(("end", "types"), [("Complete", set()), ("Failed", {"Stalled"})])
def test_an_ended_job_recovers_from_a_refused_spec(end: str, types: set[str]) -> None:
    """
    Of a clean-up that was refused as invalid nothing is left; a failed job stays stalled.
    """
    stalled = [entry("Stalled", "True")] if end == "Failed" else []
    ended = {"conditions": [entry(end, "True"), entry("Reconciling", "False"), *stalled]}
    stored = refused_status(ended, ended, "InvalidSpec", MESSAGE, 3, NOW)

    plan = plan_job(ObservedJob(a_job(status=stored), None, None, None), NOW)

    assert {end, "Reconciling"} | types == by_type(plan.status or stored).keys()
