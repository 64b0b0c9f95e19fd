"""Jobs, from the seed's manifest to the end, against the fake API server."""

import pytest

from daskop.api.resources import CLUSTERS, JOBS, PODS, WORKER_GROUPS
from tests.unit.builders import key
from tests.unit.controllers.world import World, a_world

NAME = "simple-job"
CLUSTER = "simple-job-cluster"
RUNNER = "simple-job-runner"


def running(world: World) -> None:
    """Bring the seed's job so far that its runner runs."""
    world.apply_seed("job.yaml", JOBS)
    for _ in range(3):  # first the scheduler, then the runner, then what they say
        world.settle()
        world.pods_run()
    world.settle()


def word(world: World) -> str:
    """The job's word for older tools."""
    text: str = world.status(JOBS, NAME)["jobStatus"]
    return text


def test_the_runner_starts_after_the_scheduler(world: World) -> None:
    """
    The seed's job gets a cluster, and a runner only once that one's scheduler is ready.
    """
    world.apply_seed("job.yaml", JOBS)
    world.settle()
    early = (world.names(CLUSTERS), RUNNER in world.names(PODS), word(world))
    world.pods_run()
    world.settle()

    assert ([CLUSTER], False, "ClusterCreated") == early
    assert RUNNER in world.names(PODS)


def test_the_runner_is_told_the_schedulers_address(world: World) -> None:
    """
    A bare Client() in the seed's program connects to the job's own cluster.
    """
    running(world)

    (container,) = world.kube.get(PODS, key(RUNNER))["spec"]["containers"]
    address = {entry["name"]: entry["value"] for entry in container["env"]}
    assert f"tcp://{CLUSTER}-service.ns.svc:8786" == address["DASK_SCHEDULER_ADDRESS"]


@pytest.mark.parametrize(("phase", "end"), [("Succeeded", "Successful"), ("Failed", "Failed")])
def test_the_end_of_the_runner_is_the_jobs(world: World, phase: str, end: str) -> None:
    """
    The end is on record, the cluster goes, and the runner stays for its logs.
    """
    running(world)
    before = word(world)

    world.set_pod(RUNNER, phase=phase)
    world.settle()
    world.kube.collect_garbage()
    world.settle()

    assert ("Running", end) == (before, word(world))
    assert [] == world.names(CLUSTERS) + world.names(WORKER_GROUPS)
    assert [RUNNER] == world.names(PODS)


def test_an_ended_job_stays_ended(world: World) -> None:
    """
    Neither a deleted runner nor a new operator runs the program a second time.
    """
    running(world)
    world.set_pod(RUNNER, phase="Succeeded")
    world.settle()
    world.kube.collect_garbage()

    world.delete(PODS, RUNNER)
    with a_world(world.kube) as second:
        second.settle()

    assert ([], "Successful") == (world.names(PODS), word(world))


def test_a_crash_after_the_end_was_stored_leaves_no_cluster(world: World) -> None:
    """
    The end is written first; an operator that starts after that still removes the cluster.
    """
    running(world)
    world.set_pod(RUNNER, phase="Succeeded")
    world.look()
    world.reconcile(JOBS, NAME)
    stored = (word(world), world.names(CLUSTERS))
    with a_world(world.kube) as second:
        second.settle()

    assert ("Successful", [CLUSTER]) == stored
    assert [] == world.names(CLUSTERS)


def test_a_lost_runner_comes_back(world: World) -> None:
    """
    A runner that is deleted before its end is started again.
    """
    running(world)
    old = world.kube.get(PODS, key(RUNNER))["metadata"]["uid"]

    world.delete(PODS, RUNNER)
    world.settle()

    assert old != world.kube.get(PODS, key(RUNNER))["metadata"]["uid"]


def test_everything_goes_with_the_job(world: World) -> None:
    """
    Deleting the job takes runner, cluster, group and workers along.
    """
    running(world)

    world.delete(JOBS, NAME)
    world.look()
    world.reconcile(JOBS, NAME)

    assert [] == world.names(CLUSTERS) + world.names(WORKER_GROUPS) + world.names(PODS)


def test_a_runner_that_fails_on_its_way_out_comes_back(world: World) -> None:
    """
    A runner that somebody deletes fails when its program is ended, which is not the job's failure.
    """
    running(world)
    old = world.kube.get(PODS, key(RUNNER))["metadata"]["uid"]
    world.kube.graceful = True
    world.kube.delete(PODS, key(RUNNER), old)
    world.set_pod(RUNNER, phase="Failed")

    world.settle()
    during = (word(world), world.kube.get(PODS, key(RUNNER))["metadata"]["uid"])
    world.kube.graceful = False
    world.kube.finish_deletions()
    world.settle()

    assert ("ClusterCreated", old) == during
    assert old != world.kube.get(PODS, key(RUNNER))["metadata"]["uid"]
    assert [CLUSTER] == world.names(CLUSTERS)


@pytest.mark.parametrize("late", [True, False])
def test_a_late_cache_ends_no_job(world: World, late: bool) -> None:
    """
    A runner that must not run twice is gone only if the server says so, too.
    """
    world.apply_seed("job.yaml", JOBS, {"job": {"spec": {"restartPolicy": "Never"}}})
    for _ in range(3):
        world.settle()
        world.pods_run()
    world.settle()
    runner = world.kube.get(PODS, key(RUNNER))
    world.delete(PODS, RUNNER)
    world.look()
    if late:
        world.kube.create(PODS, {**runner, "metadata": runner["metadata"] | {"uid": "kept"}})

    world.reconcile(JOBS, NAME)

    assert ("ClusterCreated" if late else "Failed") == word(world)
