"""Worker groups, against the fake API server."""

import pytest

from daskop.api.meta import Meta
from daskop.api.resources import CLUSTERS, PODS, WORKER_GROUPS
from daskop.errors import ConflictError, ForbiddenError
from daskop.plan.names import Naming
from tests.unit.builders import key
from tests.unit.controllers.world import World, a_world

CLUSTER = "simple-cluster"
NAME = "simple-cluster-highmem-worker-group"


def with_both(world: World) -> None:
    """Create the seed's cluster and the seed's own group."""
    world.apply_seed("cluster.yaml", CLUSTERS)
    world.apply_seed("highmemworkers.yaml", WORKER_GROUPS)
    world.settle()


def scale(world: World, replicas: int) -> None:
    """As kubectl scale does."""
    world.kube.merge_patch(WORKER_GROUPS, key(NAME), {"spec": {"worker": {"replicas": replicas}}})


def test_the_seeds_group_joins_the_seeds_cluster(world: World) -> None:
    """
    A user's group is owned by the cluster that it names, but not controlled by it.
    """
    with_both(world)

    cluster = Meta.parse(world.kube.get(CLUSTERS, key(CLUSTER)))
    group = Meta.parse(world.kube.get(WORKER_GROUPS, key(NAME)))
    assert (True, False) == (group.owned_by(cluster.uid), group.controlled_by(cluster.uid))
    assert world.workers(NAME)


def test_the_seeds_group_goes_with_its_cluster(world: World) -> None:
    """
    The join alone takes group and workers along when the cluster is deleted.
    """
    with_both(world)

    world.delete(CLUSTERS, CLUSTER)

    assert [] == world.names(WORKER_GROUPS) + world.names(PODS)


def test_a_group_waits_for_its_cluster(world: World) -> None:
    """
    A group that comes first says what it waits for, and gets its workers with the cluster.
    """
    world.apply_seed("highmemworkers.yaml", WORKER_GROUPS)
    world.settle()
    waiting = world.status(WORKER_GROUPS, NAME)["conditions"][0]["reason"]
    before = world.workers(NAME)

    world.apply_seed("cluster.yaml", CLUSTERS)
    world.settle()

    assert ("ClusterNotFound", []) == (waiting, before)
    assert world.workers(NAME)


def test_scaling_keeps_the_workers_that_stay(world: World) -> None:
    """
    Scaling up keeps every worker, and scaling down keeps as many of them as are wanted.
    """
    with_both(world)
    world.pods_run()
    first = set(world.workers(NAME))

    scale(world, 6)
    world.settle()
    more = set(world.workers(NAME))
    scale(world, 1)
    world.settle()
    fewer = set(world.workers(NAME))

    assert first < more
    assert fewer < more
    assert (6, 1) == (len(more), len(fewer))


def test_scaling_to_nothing_and_back(world: World) -> None:
    """
    A group of no workers is a group still.
    """
    with_both(world)

    scale(world, 0)
    world.settle()
    none = world.workers(NAME)
    scale(world, 3)
    world.settle()

    assert ([], 3) == (none, len(world.workers(NAME)))


def test_two_leaders_make_no_worker_too_many(world: World) -> None:
    """
    Two operators that saw the same thing make the same Pods, and the second has a conflict at most.
    """
    with_both(world)
    scale(world, 8)
    with a_world(world.kube) as other:
        world.look()
        other.look()
        world.reconcile(WORKER_GROUPS, NAME)
        with pytest.raises(ConflictError):
            other.reconcile(WORKER_GROUPS, NAME)  # all creates done already; its status is stale

    assert 8 == len(world.workers(NAME))


def test_a_worker_that_ended_is_replaced(world: World) -> None:
    """
    An ended worker is removed, and another one of another name takes its place.
    """
    with_both(world)
    world.pods_run()
    world.settle()
    victim, *_ = before = world.workers(NAME)

    world.set_pod(victim, phase="Failed")
    world.settle()

    after = world.workers(NAME)
    assert len(before) == len(after)
    assert victim not in after


def test_going_workers_hold_no_place(world: World) -> None:
    """
    A worker that is terminating is replaced at once, under a name that is free.
    """
    with_both(world)
    count = len(world.workers(NAME))
    world.kube.graceful = True
    victim = world.kube.get(PODS, key(world.workers(NAME)[0]))["metadata"]
    world.kube.delete(PODS, key(victim["name"]), victim["uid"])

    world.settle()
    during = world.workers(NAME)
    world.kube.finish_deletions()
    world.settle()

    assert (count + 1, count) == (len(during), len(world.workers(NAME)))


def test_a_refused_worker_is_an_error_of_the_pass(world: World) -> None:
    """
    A quota that is used up ends the pass with its error, and a later pass makes the rest.
    """
    with_both(world)
    before = world.workers(NAME)
    uid = world.kube.get(WORKER_GROUPS, key(NAME))["metadata"]["uid"]
    wanted = Naming.worker(NAME, uid, len(before))
    scale(world, len(before) + 1)
    world.look()
    world.kube.refuse[f"create {wanted}"] = ForbiddenError(403, "Forbidden", "exceeded quota")

    with pytest.raises(ForbiddenError):
        world.reconcile(WORKER_GROUPS, NAME)
    during = world.workers(NAME)
    world.kube.refuse.clear()
    world.settle()

    assert before == during
    assert sorted([*before, wanted]) == world.workers(NAME)
