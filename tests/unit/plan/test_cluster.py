"""The plan of a DaskCluster."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from daskop.api.children import Pod, Service
from daskop.api.cluster import DaskCluster
from daskop.api.worker_group import DaskWorkerGroup
from daskop.plan.actions import LOOK_AGAIN, Create, Delete, Patch, Plan
from daskop.plan.cluster import plan_cluster
from daskop.plan.observed import ObservedCluster
from daskop.plan.service import scheduler_address, scheduler_service
from tests.unit.builders import (
    a_cluster,
    a_scheduler,
    a_service,
    a_worker_group,
    owned_by,
    workers_up,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def planned(
    cluster: DaskCluster | None = None,
    scheduler: Pod | None = None,
    service: Service | None = None,
    group: DaskWorkerGroup | None = None,
) -> Plan:
    return plan_cluster(ObservedCluster(cluster or a_cluster(), scheduler, service, group), NOW)


def complete(cluster: DaskCluster | None = None, **group: Any) -> Plan:
    return planned(cluster, a_scheduler(), a_service(), a_worker_group(**group))


def reasons(plan: Plan) -> dict[str, tuple[str, str]]:
    assert plan.status is not None
    return {c["type"]: (c["status"], c["reason"]) for c in plan.status["conditions"]}


def test_a_new_cluster_gets_its_three_children() -> None:
    """
    Scheduler Pod, Service and default group are created under the document's names.
    """
    created = {
        (action.manifest["kind"], action.key.name)
        for action in planned().actions
        if isinstance(action, Create)
    }

    assert {
        ("Pod", "c-scheduler"),
        ("Service", "c-service"),
        ("DaskWorkerGroup", "c-default-worker-group"),
    } == created


def test_the_service_is_written_last() -> None:
    """
    What is refused of a user's Service keeps neither the scheduler nor the workers from being made.
    """
    kinds = [a.manifest["kind"] for a in planned().actions if isinstance(a, Create)]

    assert ["Pod", "DaskWorkerGroup", "Service"] == kinds


def test_a_complete_cluster_needs_nothing() -> None:
    """
    With its children there, nothing is planned but the status.
    """
    plan = complete(status=None)

    assert ((), None) == (plan.actions, plan.requeue_after)


def test_a_cluster_that_is_going_is_left_alone() -> None:
    """
    Garbage collection removes the children of a deleted cluster; none is made again.
    """
    assert Plan() == planned(a_cluster(deleting=True))


def test_an_ended_scheduler_is_removed_to_be_made_again() -> None:
    """
    A scheduler Pod that failed is deleted by its uid.
    """
    plan = planned(None, a_scheduler(phase="Failed"), a_service(), a_worker_group())

    (action,) = plan.actions
    assert isinstance(action, Delete)
    assert "c-scheduler-uid" == action.uid


@pytest.mark.parametrize(
    ("scheduler", "reason"),
    [
        pytest.param(a_scheduler(owner="a-stranger"), "NameConflict", id="a stranger's"),
        pytest.param(a_scheduler(deleting=True), "Terminating", id="terminating"),
    ],
)
def test_a_name_that_is_taken_is_waited_for(scheduler: Pod, reason: str) -> None:
    """
    An object that is not ours, or is going, is neither adopted nor touched, but looked at again.
    """
    plan = planned(None, scheduler, a_service(), a_worker_group())

    assert ((), LOOK_AGAIN) == (plan.actions, plan.requeue_after)
    assert ("False", reason) == reasons(plan)["Ready"]


def test_replicas_are_passed_down_when_they_change() -> None:
    """
    The cluster's number reaches the default group once, with a note of what was passed.
    """
    (action,) = complete(a_cluster(replicas=5), passed="2").actions

    assert isinstance(action, Patch)
    assert 5 == action.body["spec"]["worker"]["replicas"]


def test_a_scaled_group_is_not_scaled_back() -> None:
    """
    A number set by kubectl scale on the group stands as long as the cluster's own number does not change.
    """
    assert () == complete(a_cluster(replicas=2), replicas=7, passed="2").actions


def test_status_follows_scheduler_and_workers() -> None:
    """
    Ready needs a ready scheduler and all wanted workers.
    """
    group = a_worker_group(status=workers_up(2))
    waiting = planned(None, a_scheduler(ready=False), a_service(), group)
    short = planned(None, a_scheduler(), a_service(), a_worker_group(status=workers_up(1)))
    ready = planned(None, a_scheduler(), a_service(), group)

    assert ("False", "SchedulerNotReady") == reasons(waiting)["Ready"]
    assert ("False", "WorkersNotReady") == reasons(short)["Ready"]
    assert ("True", "Ready") == reasons(ready)["Ready"]
    assert ready.status is not None
    assert ("Running", "2/2") == (ready.status["phase"], ready.status["readyWorkers"])


def test_the_same_status_is_planned_again() -> None:
    """
    A pass over an unchanged cluster plans the status that is stored.
    """
    stored = complete().status
    parts = ObservedCluster(a_cluster(status=stored), a_scheduler(), a_service(), a_worker_group())

    assert stored == plan_cluster(parts, NOW + timedelta(hours=1)).status


def test_the_service_is_filled_in() -> None:
    """
    Without selector and ports the Service selects the scheduler and has Dask's two ports.
    """
    spec = scheduler_service(a_cluster())["spec"]

    assert {"dask.org/cluster-name": "c", "dask.org/component": "scheduler"} == spec["selector"]
    assert [8786, 8787] == [port["port"] for port in spec["ports"]]


def test_the_service_takes_target_ports_from_the_scheduler() -> None:
    """
    A scheduler that listens elsewhere is reached at Dask's usual port all the same.
    """
    container = {"name": "s", "ports": [{"name": "tcp-comm", "containerPort": 9000}]}
    cluster = a_cluster(spec={"containers": [container]})

    assert 9000 == scheduler_service(cluster)["spec"]["ports"][0]["targetPort"]


def test_a_port_without_a_number_is_dasks_usual_one() -> None:
    """
    A port that the scheduler only names does not stop the cluster from being made.
    """
    cluster = a_cluster(spec={"containers": [{"name": "s", "ports": [{"name": "comm"}]}]})

    assert 8786 == scheduler_service(cluster)["spec"]["ports"][0]["targetPort"]


def test_the_users_service_is_kept() -> None:
    """
    Selector, type and ports of the user's ServiceSpec stay as they are, and give the address.
    """
    service = {
        "type": "NodePort",
        "selector": {"a": "b"},
        "ports": [{"name": "comm", "port": 1234}],
    }
    cluster = a_cluster(service=service)

    assert service == scheduler_service(cluster)["spec"]
    assert "tcp://c-service.ns.svc:1234" == scheduler_address(cluster)


@pytest.mark.parametrize("note", ["", "two", "9" * 5000])
def test_a_group_without_a_good_note_gets_the_number(note: str) -> None:
    """
    A default group whose annotation somebody removed or spoilt is told the number again.
    """
    (action,) = complete(passed=note).actions

    assert isinstance(action, Patch)


def test_a_foreign_group_is_not_counted() -> None:
    """
    A group of the default group's name that another owner controls says nothing about us.
    """
    group = a_worker_group(owners=(owned_by("a-stranger"),), status={"readyReplicas": 9})
    plan = planned(None, a_scheduler(), a_service(), group)

    assert plan.status is not None
    assert 0 == plan.status["readyReplicas"]
