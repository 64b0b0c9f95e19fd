"""Clusters, from the seed's manifest to the end, against the fake API server."""

import pytest

from daskop.api.meta import OwnerReference
from daskop.api.resources import CLUSTERS, PODS, SERVICES, WORKER_GROUPS
from daskop.api.wellknown import CLUSTER_NAME_LABEL
from daskop.errors import ConflictError
from daskop.plan.actions import LOOK_AGAIN
from tests.unit.builders import key
from tests.unit.controllers.world import World, a_world

NAME = "simple-cluster"
SCHEDULER = "simple-cluster-scheduler"
GROUP = "simple-cluster-default-worker-group"


def running(world: World) -> None:
    """Bring the seed's cluster up."""
    world.apply_seed("cluster.yaml", CLUSTERS)
    world.settle()
    world.pods_run()
    world.settle()


def test_the_seeds_cluster_comes_up(world: World) -> None:
    """
    Scheduler, Service, default group and two workers are made, and the status says so.
    """
    running(world)

    assert [GROUP] == world.names(WORKER_GROUPS)
    assert ["simple-cluster-service"] == world.names(SERVICES)
    assert (2, 3) == (len(world.workers(GROUP)), len(world.names(PODS)))
    status = world.status(CLUSTERS, NAME)
    assert ("Running", "2/2") == (status["phase"], status["readyWorkers"])


def test_a_system_at_rest_writes_nothing(world: World) -> None:
    """
    Once all is as wanted, any number of passes costs no request.
    """
    running(world)
    before = list(world.kube.writes)

    assert 0 == world.settle()
    assert before == world.kube.writes


def test_a_restarted_operator_writes_nothing(world: World) -> None:
    """
    Nothing in memory is needed: a new process with new caches finds all as it should be.
    """
    running(world)
    before = list(world.kube.writes)
    with a_world(world.kube) as second:
        second.settle()

    assert before == world.kube.writes


def test_a_pass_with_stale_caches_makes_nothing_twice(world: World) -> None:
    """
    A second pass that has not seen what the first one made meets it, and only its status is late.
    """
    world.apply_seed("cluster.yaml", CLUSTERS)
    world.look()
    world.reconcile(CLUSTERS, NAME)
    before = world.kube.get(PODS, key(SCHEDULER))

    with pytest.raises(ConflictError):
        world.reconcile(CLUSTERS, NAME)

    assert before == world.kube.get(PODS, key(SCHEDULER))
    assert ([SCHEDULER], [GROUP]) == (world.names(PODS), world.names(WORKER_GROUPS))


def test_a_deleted_scheduler_comes_back(world: World) -> None:
    """
    A scheduler that somebody deletes is made again under its name; the workers stay.
    """
    running(world)
    before = world.workers(GROUP)

    world.delete(PODS, SCHEDULER)
    world.settle()

    assert SCHEDULER in world.names(PODS)
    assert before == world.workers(GROUP)
    assert "Pending" == world.status(CLUSTERS, NAME)["phase"]


def test_a_failed_scheduler_is_replaced(world: World) -> None:
    """
    A scheduler that ended is deleted, and the next pass makes another.
    """
    running(world)
    old = world.kube.get(PODS, key(SCHEDULER))["metadata"]["uid"]

    world.set_pod(SCHEDULER, phase="Failed")
    world.settle()

    assert old != world.kube.get(PODS, key(SCHEDULER))["metadata"]["uid"]


def test_the_clusters_number_reaches_its_group(world: World) -> None:
    """
    A new number in the cluster scales the default group, up and down.
    """
    running(world)
    counts = []
    for replicas in (5, 1):
        body = {"spec": {"worker": {"replicas": replicas}}}
        world.kube.merge_patch(CLUSTERS, key(NAME), body)
        world.settle()
        counts.append(len(world.workers(GROUP)))

    assert [5, 1] == counts


def test_kubectl_scale_on_the_group_stands(world: World) -> None:
    """
    A number that a user or an autoscaler gave the group is not taken back.
    """
    running(world)

    world.kube.merge_patch(WORKER_GROUPS, key(GROUP), {"spec": {"worker": {"replicas": 4}}})
    world.settle()

    assert 4 == len(world.workers(GROUP))


def test_everything_goes_with_the_cluster(world: World) -> None:
    """
    The owner references alone take all along, and a pass over what is gone does nothing.
    """
    running(world)

    world.delete(CLUSTERS, NAME)
    world.look()
    world.reconcile(CLUSTERS, NAME)
    world.reconcile(WORKER_GROUPS, GROUP)

    assert [] == world.names(PODS) + world.names(SERVICES) + world.names(WORKER_GROUPS)


def test_a_terminating_scheduler_is_waited_out(world: World) -> None:
    """
    While the old Pod goes the pass asks for another look, and after it a new Pod is made.
    """
    running(world)
    world.kube.graceful = True
    world.kube.delete(PODS, key(SCHEDULER), world.kube.get(PODS, key(SCHEDULER))["metadata"]["uid"])
    world.look()

    assert LOOK_AGAIN == world.reconcile(CLUSTERS, NAME).requeue_after
    world.kube.finish_deletions()
    world.settle()
    assert SCHEDULER in world.names(PODS)


def test_a_strangers_pod_is_left_alone(world: World) -> None:
    """
    A Pod of another owner under the scheduler's name is neither adopted nor deleted.
    """
    stranger = OwnerReference("DaskCluster", "other", "a-stranger").manifest()
    metadata = {
        "name": SCHEDULER,
        "namespace": "ns",
        "labels": {CLUSTER_NAME_LABEL: "other"},
        "ownerReferences": [stranger],
    }
    made = world.kube.create(PODS, {"kind": "Pod", "metadata": metadata})
    world.apply_seed("cluster.yaml", CLUSTERS)

    world.settle()

    assert made == world.kube.get(PODS, key(SCHEDULER))
    ready = world.status(CLUSTERS, NAME)["conditions"][0]
    assert ("False", "NameConflict") == (ready["status"], ready["reason"])


def is_ready(world: World) -> str:
    """The status of the cluster's condition Ready."""
    (ready,) = (c for c in world.status(CLUSTERS, NAME)["conditions"] if c["type"] == "Ready")
    status: str = ready["status"]
    return status


@pytest.mark.parametrize("replicas", [5, 1])
def test_a_scaled_cluster_is_ready_only_when_its_group_is(world: World, replicas: int) -> None:
    """
    Neither the pass that passes the number down nor one before the group's own says Ready.
    """
    running(world)
    before = is_ready(world)

    world.kube.merge_patch(CLUSTERS, key(NAME), {"spec": {"worker": {"replicas": replicas}}})
    during = []
    for _ in range(2):
        world.look()
        world.reconcile(CLUSTERS, NAME)
        during.append(is_ready(world))
    world.settle()
    world.pods_run()
    world.settle()

    assert ("True", ["False", "False"], "True") == (before, during, is_ready(world))
