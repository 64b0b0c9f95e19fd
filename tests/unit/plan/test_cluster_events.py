"""What becomes of a scheduler that has ended, and what is told about a DaskCluster."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from daskop.api.children import Pod
from daskop.api.conditions import rfc3339
from daskop.api.labels import PodLabels
from daskop.api.meta import Manifest
from daskop.api.resources import PODS
from daskop.api.worker_group import WORKER_GROUP
from daskop.plan.actions import Delete, Plan
from daskop.plan.cluster import default_group, plan_cluster
from daskop.plan.cluster_status import cluster_events
from daskop.plan.observed import ObservedCluster
from tests.unit.builders import CLUSTER_UID, a_cluster, a_pod, a_service, key

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
EARLIER, LATER = "2026-01-02T03:03:00Z", "2026-01-02T03:04:00Z"
REPLACED = (Delete(PODS, key("c-scheduler"), "c-scheduler-uid"),)


def ago(**time: int) -> str:
    return rfc3339(NOW - timedelta(**time))


def an_ended_scheduler(created: str, **fields: Any) -> Pod:
    labels = PodLabels("c", "scheduler")
    known = {"owner": CLUSTER_UID, "labels": labels, "phase": "Failed", "created": created}
    return a_pod("c-scheduler", **{**known, **fields})


def planned(status: Manifest, scheduler: Pod) -> Plan:
    cluster = a_cluster(status=status)
    wanted = default_group(cluster)
    identity = {"uid": "group-uid", "resourceVersion": "1"}
    group = WORKER_GROUP.parse({**wanted, "metadata": {**wanted["metadata"], **identity}})
    return plan_cluster(ObservedCluster(cluster, scheduler, a_service(), group), NOW)


def status_of(plan: Plan) -> dict[str, Any]:
    assert plan.status is not None
    return plan.status


def reasons(plan: Plan) -> list[str]:
    return [event.reason for event in plan.events]


@pytest.mark.parametrize(
    ("stored", "created", "failures"),
    [
        pytest.param({}, ago(minutes=1), 1, id="the first"),
        pytest.param({}, ago(days=1), 1, id="after a day"),
        pytest.param(
            {"failures": 1, "lastFailureTime": ago(minutes=11)}, ago(minutes=9), 1, id="long after"
        ),
        pytest.param(
            {"failures": 1, "lastFailureTime": ago(seconds=15)}, ago(seconds=9), 2, id="soon after"
        ),
    ],
)
def test_an_ended_scheduler_is_recorded_and_then_replaced(
    stored: dict[str, Any], created: str, failures: int
) -> None:
    """
    Whenever it ends, that is stored and told before it is deleted.
    """
    scheduler = an_ended_scheduler(created)
    counted = planned(stored, scheduler)
    then = planned(status_of(counted), scheduler)

    record = {"failures": failures, "lastFailureTime": rfc3339(NOW)}
    assert record.items() <= status_of(counted).items()
    assert ((), None) == (counted.actions, counted.requeue_after)
    assert (REPLACED, None) == (then.actions, then.requeue_after)
    assert (["SchedulerReplaced"], []) == (reasons(counted), reasons(then))
    assert status_of(counted) == status_of(then)
    assert "SchedulerNotReady" == status_of(counted)["conditions"][0]["reason"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [({"reason": "Evicted"}, "Evicted"), ({}, "Failed"), ({"phase": "Succeeded"}, "Succeeded")],
)
def test_a_scheduler_that_is_held_is_told(fields: dict[str, str], why: str) -> None:
    """
    One that ends soon after another waits, which is what is in the way.
    """
    stored = {"failures": 2, "lastFailureTime": ago(seconds=5)}

    plan = planned(stored, an_ended_scheduler(ago(seconds=3), **fields))

    assert ((), timedelta(seconds=15), []) == (plan.actions, plan.requeue_after, reasons(plan))
    message = f"the scheduler has ended: {why}; it is replaced at 2026-01-02T03:04:20Z"
    told = {c["type"]: (c["reason"], c["message"]) for c in status_of(plan)["conditions"]}
    affected = ("Ready", "SchedulerReady", "Reconciling")
    assert [("SchedulerFails", message)] * 3 == [told[type_] for type_ in affected]
    assert "Pending" == status_of(plan)["phase"]


def a_status(run: str = "", restarts: int = 0, failed: str = "", *types: str) -> dict[str, Any]:
    conditions = [{"type": t, "status": "True", "message": "moved"} for t in types]
    counts = {"schedulerInstance": run, "schedulerRestarts": restarts, "failures": 1}
    return {**counts, **({"lastFailureTime": failed} if failed else {}), "conditions": conditions}


@pytest.mark.parametrize(
    ("old", "new", "events"),
    [
        ({}, a_status(), []),
        ({}, a_status("u/0"), ["SchedulerReady"]),
        (a_status(), a_status("u/0"), ["SchedulerReady"]),
        (a_status("u/0"), a_status("u/0"), []),
        (a_status("u/0"), a_status("u/1", 1), ["SchedulerRestarted"]),
        ({"schedulerRestarts": 1}, a_status("u/1", 2), ["SchedulerRestarted"]),
        (a_status("u/1", 1), a_status("u/1", 1), []),
        ({}, a_status("", 0, EARLIER), ["SchedulerReplaced"]),
        (a_status("u/0", 0, EARLIER), a_status("u/0", 0, LATER), ["SchedulerReplaced"]),
        (a_status("u/0", 0, LATER), a_status("u/0", 0, LATER), []),
        (a_status("u/0", 0, LATER), a_status("u/0"), []),
        ({}, a_status("", 0, "", "ProbeFieldsMoved"), ["ProbeFieldsMoved"]),
        (
            a_status("u/0"),
            a_status("v/0", 1, LATER, "ProbeFieldsMoved"),
            ["SchedulerRestarted", "SchedulerReplaced", "ProbeFieldsMoved"],
        ),
    ],
)
def test_each_transition_is_told_once(old: Manifest, new: Manifest, events: list[str]) -> None:
    """
    An event tells that a status changed, and none that it stayed; losses are warnings.
    """
    told = cluster_events(old, new)

    assert events == [event.reason for event in told]
    warnings = {event.reason for event in told if event.warning}
    assert warnings == {"SchedulerRestarted", "SchedulerReplaced"} & set(events)
