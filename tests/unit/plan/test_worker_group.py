"""The plan of a DaskWorkerGroup."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daskop.api.children import Pod
from daskop.api.cluster import DaskCluster
from daskop.api.labels import PodLabels
from daskop.api.worker_group import DaskWorkerGroup
from daskop.plan.actions import MAX_ACTIONS, Create, Delete, Join, Plan
from daskop.plan.names import Naming
from daskop.plan.observed import ObservedWorkerGroup
from daskop.plan.worker_group import first_to_go, plan_worker_group
from tests.unit.builders import GROUP_UID, a_cluster, a_pod, a_worker_group, key, owned_by

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def observed(
    group: DaskWorkerGroup, pods: Sequence[Pod] = (), cluster: DaskCluster | None = None
) -> ObservedWorkerGroup:
    taken = {pod.meta.key.name for pod in pods}
    return ObservedWorkerGroup(group, cluster or a_cluster(), "tcp://c:8786", pods, taken)


def planned(group: DaskWorkerGroup, pods: Sequence[Pod] = ()) -> Plan:
    return plan_worker_group(observed(group, pods), NOW)


def after(plan: Plan, pods: Sequence[Pod]) -> list[Pod]:
    """The Pods once *plan* is carried out and everything has started."""
    deleted = {action.key for action in plan.actions if isinstance(action, Delete)}
    created = [action.key.name for action in plan.actions if isinstance(action, Create)]
    return [pod for pod in pods if pod.meta.key not in deleted] + [a_pod(n) for n in created]


def test_missing_workers_are_created_with_their_names() -> None:
    """
    The first free numbers give the names, each a function of the group's uid.
    """
    plan = planned(a_worker_group(replicas=2))

    names = [action.key.name for action in plan.actions if isinstance(action, Create)]
    assert [Naming.worker("g", GROUP_UID, 0), Naming.worker("g", GROUP_UID, 1)] == names


def test_a_taken_name_is_passed_over() -> None:
    """
    A number whose Pod is still terminating is not free.
    """
    going = a_pod(Naming.worker("g", GROUP_UID, 0), deleting=True)

    plan = planned(a_worker_group(replicas=1), [going])

    names = [action.key.name for action in plan.actions if isinstance(action, Create)]
    assert [Naming.worker("g", GROUP_UID, 1)] == names


def test_surplus_takes_the_pod_that_is_not_ready() -> None:
    """
    Scaling down deletes a Pod that does no work before one that does.
    """
    plan = planned(a_worker_group(replicas=1), [a_pod("a"), a_pod("b", ready=False)])

    (action,) = plan.actions
    assert isinstance(action, Delete)
    assert (key("b"), "b-uid") == (action.key, action.uid)


def test_order_of_going() -> None:
    """
    Pending Pods go first, then those that are not ready, then the youngest.
    """
    old, young = a_pod("old", created="2026-01-01"), a_pod("young", created="2026-01-02")
    pending, unready = a_pod("pending", phase="Pending"), a_pod("unready", ready=False)

    order = [pod.meta.key.name for pod in first_to_go([old, unready, young, pending])]

    assert ["pending", "unready", "young", "old"] == order


def test_an_ended_worker_is_deleted_and_replaced() -> None:
    """
    A Pod that failed does not count as a worker.
    """
    plan = planned(a_worker_group(replicas=1), [a_pod("dead", phase="Failed")])

    assert [Delete, Create] == [type(action) for action in plan.actions]


def test_a_large_change_is_made_in_bursts() -> None:
    """
    At most 100 actions are planned, and the key is looked at again behind all others.
    """
    plan = planned(a_worker_group(replicas=1000))

    assert MAX_ACTIONS + 1 == len(plan.actions)


def test_a_group_without_a_cluster_waits() -> None:
    """
    Nothing is made while the cluster does not exist, and the status says what is waited for.
    """
    group = a_worker_group(owners=())

    plan = plan_worker_group(ObservedWorkerGroup(group, None, "", (), ()), NOW)

    assert () == plan.actions
    assert plan.status is not None
    assert "ClusterNotFound" == plan.status["conditions"][0]["reason"]


def test_a_free_group_joins_its_cluster_first() -> None:
    """
    A user's group gets the cluster as an owner that does not control it, before any worker.
    """
    (action,) = planned(a_worker_group(owners=())).actions

    assert isinstance(action, Join)
    assert not action.owner.controller


def test_a_group_of_an_earlier_cluster_is_left_to_go() -> None:
    """
    A group that belongs to a deleted cluster of that name is not joined or filled, and says so.
    """
    group = a_worker_group(owners=(owned_by("an-earlier-uid"),))

    plan = planned(group)

    assert () == plan.actions
    assert plan.status is not None
    ready = plan.status["conditions"][0]
    assert ("False", "Terminating") == (ready["status"], ready["reason"])


@pytest.mark.parametrize("cluster", [None, a_cluster(deleting=True)], ids=["absent", "going"])
@pytest.mark.parametrize(("replicas", "gone"), [(3, ["x"]), (2, ["x"]), (0, ["x", "b", "a"])])
def test_a_group_without_a_cluster_only_removes(
    cluster: DaskCluster | None, replicas: int, gone: list[str]
) -> None:
    """
    Workers that are too many or have ended go; none is made or mended without a scheduler.
    """
    pods = [a_pod("a", labels=PodLabels()), a_pod("b"), a_pod("x", phase="Failed")]
    group = a_worker_group(replicas=replicas)

    plan = plan_worker_group(ObservedWorkerGroup(group, cluster, "", pods, ()), NOW)

    assert {Delete} == {type(action) for action in plan.actions}
    assert gone == [action.key.name for action in plan.actions if isinstance(action, Delete)]


def test_nothing_is_planned_for_what_is_going() -> None:
    """
    A group or a cluster that is being deleted gets no new worker.
    """
    going = plan_worker_group(observed(a_worker_group(deleting=True)), NOW)
    workers = [a_pod("a"), a_pod("b")]  # ready still: the cluster's end is what makes it False
    cluster_going = plan_worker_group(
        observed(a_worker_group(), workers, a_cluster(deleting=True)), NOW
    )

    assert Plan() == going
    assert () == cluster_going.actions
    assert cluster_going.status is not None
    assert "False" == cluster_going.status["conditions"][0]["status"]


def test_a_worker_knows_its_scheduler_and_its_name() -> None:
    """
    The Pod has the variables that Dask reads, and the labels that selectors rest on.
    """
    plan = planned(a_worker_group(replicas=1))

    (action,) = plan.actions
    assert isinstance(action, Create)
    env = {e["name"]: e["value"] for e in action.manifest["spec"]["containers"][0]["env"]}
    assert {"DASK_WORKER_NAME": action.key.name, "DASK_SCHEDULER_ADDRESS": "tcp://c:8786"} == env
    assert "g" == action.manifest["metadata"]["labels"]["dask.org/workergroup-name"]


def test_status_counts_live_pods_and_is_ready() -> None:
    """
    Pods that end or go are not counted; enough ready ones make the group ready.
    """
    pods = [a_pod("a"), a_pod("b"), a_pod("x", deleting=True), a_pod("y", phase="Succeeded")]

    status = planned(a_worker_group(replicas=2), pods).status

    assert status is not None
    assert (2, 2, "True") == (
        status["replicas"],
        status["readyReplicas"],
        status["conditions"][0]["status"],
    )


def test_the_same_status_is_planned_again() -> None:
    """
    A pass over an unchanged group plans the status that is stored, time stamps included.
    """
    pods = [a_pod("a"), a_pod("b")]
    stored = planned(a_worker_group(), pods).status

    again = plan_worker_group(
        observed(a_worker_group(status=stored), pods), NOW + timedelta(hours=1)
    ).status

    assert stored == again


phases = st.sampled_from(["Pending", "Running", "Succeeded", "Failed", "Unknown"])
many_pods = st.lists(st.tuples(phases, st.booleans(), st.booleans()), max_size=12).map(
    lambda rows: [
        a_pod(f"p{n}", phase=phase, ready=ready, deleting=deleting)
        for n, (phase, ready, deleting) in enumerate(rows)
    ]
)


@given(replicas=st.integers(0, 20), pods=many_pods)
def test_a_plan_leaves_nothing_to_plan(replicas: int, pods: list[Pod]) -> None:
    """
    Once a plan is carried out there are as many live workers as wanted, and nothing to do.
    """
    group = a_worker_group(replicas=replicas)

    left = after(planned(group, pods), pods)

    assert replicas == sum(pod.alive for pod in left)
    assert () == planned(group, left).actions


@given(replicas=st.integers(0, 20), pods=many_pods)
def test_no_more_is_deleted_than_is_too_much(replicas: int, pods: list[Pod]) -> None:
    """
    A live worker is deleted only if there are more than wanted, and nothing is created then.
    """
    plan = planned(a_worker_group(replicas=replicas), pods)

    alive = {pod.meta.key for pod in pods if pod.alive}
    victims = {action.key for action in plan.actions if isinstance(action, Delete)} & alive
    assert max(0, len(alive) - replicas) == len(victims)


@given(replicas=st.integers(0, 20), pods=many_pods)
def test_the_same_observation_gives_the_same_plan(replicas: int, pods: list[Pod]) -> None:
    """
    A plan is a function of what is observed.
    """
    group = a_worker_group(replicas=replicas)

    assert planned(group, pods) == planned(group, pods)
