"""What is in the way of an object, in words."""

from typing import Any

import pytest

from daskop.api.children import Pod
from daskop.api.meta import OwnerReference
from daskop.api.problem import Problem
from daskop.plan.obstacle import Obstacle, first_obstacle, pod_obstacle, taken
from tests.unit.builders import (
    GROUP_UID,
    POD_SPEC,
    a_cluster,
    a_meta,
    a_pod,
    a_service,
    a_worker_group,
    owned_by,
)

NOT_FOUND = 'exec: "dask-worker": executable file not found in $PATH'
WORKER_HINT = "dask-worker does not exist from distributed 2026.6.0 on: write dask worker instead"
SCHEDULER_HINT = (
    "dask-scheduler does not exist from distributed 2026.6.0 on: write dask scheduler instead"
)


def troubled(name: str = "p", *, message: str = "boom", code: int | None = None) -> Pod:
    return a_pod(name, ready=False, problem=Problem("CrashLoop", message, code))


def a_spec(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"containers": [{"name": f"c{n}", **entry} for n, entry in enumerate(containers)]}


def words(pod: Pod, spec: dict[str, Any]) -> str:
    obstacle = pod_obstacle(pod, spec)
    assert obstacle is not None
    return obstacle.message


@pytest.mark.parametrize(
    ("problem", "obstacle"),
    [
        (None, None),
        (
            Problem("Unschedulable", "0/3 nodes are available"),
            Obstacle("Unschedulable", "Pod p: 0/3 nodes are available"),
        ),
        (Problem("Unschedulable", ""), Obstacle("Unschedulable", "Pod p: Unschedulable")),
        (Problem("CrashLoop", "Error", 1), Obstacle("CrashLoop", "Pod p: Error")),
    ],
    ids=["none", "with a message", "without a message", "with an exit code"],
)
def test_a_pods_problem_is_told_with_its_name(
    problem: Problem | None, obstacle: Obstacle | None
) -> None:
    """
    The reason is passed on, and the message says which Pod it is about.
    """
    pod = a_pod("p", ready=False, problem=problem)

    assert obstacle == pod_obstacle(pod, POD_SPEC)


@pytest.mark.parametrize(
    ("spec", "hints"),
    [
        pytest.param(a_spec({"args": ["dask-worker", "tcp://c"]}), [WORKER_HINT], id="args"),
        pytest.param(a_spec({"command": ["dask-worker"]}), [WORKER_HINT], id="command"),
        pytest.param(
            a_spec({"command": ["/opt/conda/bin/dask-scheduler"]}), [SCHEDULER_HINT], id="path"
        ),
        pytest.param(
            a_spec({"command": ["sh", "-c"], "args": ["cd /tmp && exec dask-worker --nthreads 2"]}),
            [WORKER_HINT],
            id="shell",
        ),
        pytest.param(
            a_spec({"args": ["dask-scheduler", "--host", "0.0.0.0"]}),  # noqa: S104
            [SCHEDULER_HINT],
            id="scheduler",
        ),
        pytest.param(
            a_spec({"image": "proxy"}, {"args": ["dask-worker"]}), [WORKER_HINT], id="second"
        ),
        pytest.param(
            a_spec({"args": ["dask-scheduler"]}, {"command": ["dask-worker"]}),
            [WORKER_HINT, SCHEDULER_HINT],
            id="both",
        ),
        pytest.param(a_spec({"args": ["dask", "worker"]}), [], id="new command"),
        pytest.param(a_spec({"args": ["dask-ssh"]}), [], id="another program"),
        pytest.param(a_spec({"command": None, "args": None}), [], id="null"),
        pytest.param(a_spec({}), [], id="the image's own command"),
    ],
)
def test_a_command_that_was_removed_from_dask_is_named(
    spec: dict[str, Any], hints: list[str]
) -> None:
    """
    Where the old command does not exist, the one that took its place is told behind the problem.
    """
    pod = troubled(message=NOT_FOUND, code=128)

    assert "; ".join([f"Pod p: {NOT_FOUND}", *hints]) == words(pod, spec)


@pytest.mark.parametrize(
    "args",
    [
        ["dask", "worker", "--name", "dask-worker-1"],
        ["sh", "-c", "dask worker --name dask-worker-$HOSTNAME"],
        ["/opt/dask-worker/run.sh"],
    ],
    ids=["name", "name in a shell", "folder"],
)
def test_a_word_that_only_looks_like_the_command_is_not_named(args: list[str]) -> None:
    """
    Whoever writes the new command already is not told to.
    """
    pod = troubled(message="dask: not found", code=127)

    assert "Pod p: dask: not found" == words(pod, a_spec({"args": args}))


@pytest.mark.parametrize(
    ("message", "code", "hinted"),
    [
        ("sh: 1: dask-worker: not found", 127, True),
        ("StartError", 128, True),
        (NOT_FOUND, None, True),
        (NOT_FOUND, 1, True),
        ("Error", 1, False),
        ("OOMKilled", 137, False),
        ("no module named dask-worker", None, False),
        ("", None, False),
    ],
)
def test_only_a_command_that_is_not_found_is_named(
    message: str, code: int | None, hinted: bool
) -> None:
    """
    A worker that crashes for another reason does not get the wrong advice.
    """
    told = words(troubled(message=message, code=code), a_spec({"args": ["dask-worker"]}))

    assert hinted is told.endswith(WORKER_HINT)


@pytest.mark.parametrize("step", [1, -1], ids=["as listed", "the other way round"])
def test_of_several_pods_the_first_by_name_is_told(step: int) -> None:
    """
    In whichever order Pods are listed the same one is told, so that nothing is written again.
    """
    pods = [a_pod("a"), troubled("b", message="first"), troubled("c", message="second")]

    assert Obstacle("CrashLoop", "Pod b: first") == first_obstacle(pods[::step], POD_SPEC)


@pytest.mark.parametrize("pods", [[], [a_pod("a"), a_pod("b", ready=False)]], ids=["none", "fine"])
def test_pods_without_a_problem_are_no_obstacle(pods: list[Pod]) -> None:
    """
    What is up or on its way needs no word.
    """
    assert first_obstacle(pods, POD_SPEC) is None


def test_the_first_pod_is_told_with_the_hint() -> None:
    """
    A group's obstacle says as much as that of a single Pod.
    """
    told = first_obstacle([troubled(code=127)], a_spec({"args": ["dask-worker"]}))

    assert Obstacle("CrashLoop", f"Pod p: boom; {WORKER_HINT}") == told


OWN, STRANGER = owned_by(GROUP_UID), owned_by("another-uid")
EARLIER = OwnerReference("DaskWorkerGroup", "g", "earlier-uid")
CONFLICT = Obstacle(
    "NameConflict",
    "the Pod p is there already, and not made for this DaskWorkerGroup: it is left alone",
)
OF_AN_EARLIER = Obstacle(
    "Terminating",
    "waiting for the Pod p of an earlier DaskWorkerGroup of that name to be collected",
)


@pytest.mark.parametrize(
    ("owners", "deleting", "obstacle"),
    [
        pytest.param((OWN,), False, None, id="own"),
        pytest.param(
            (OWN,), True, Obstacle("Terminating", "waiting for the Pod p to be gone"), id="going"
        ),
        pytest.param((STRANGER,), False, CONFLICT, id="a stranger's"),
        pytest.param((STRANGER,), True, CONFLICT, id="a stranger's that is going"),
        pytest.param((), False, CONFLICT, id="nobody's"),
        pytest.param((EARLIER,), False, OF_AN_EARLIER, id="an earlier one's"),
        pytest.param((EARLIER,), True, OF_AN_EARLIER, id="an earlier one's that is going"),
        pytest.param((EARLIER._replace(controller=False),), False, CONFLICT, id="held earlier"),
        pytest.param((EARLIER._replace(name="h"),), False, CONFLICT, id="of another name"),
        pytest.param((EARLIER._replace(kind="DaskJob"),), False, CONFLICT, id="of another kind"),
        pytest.param((owned_by(GROUP_UID, controller=False),), False, CONFLICT, id="only held"),
    ],
)
def test_a_name_that_is_needed(
    owners: tuple[OwnerReference, ...], deleting: bool, obstacle: Obstacle | None
) -> None:
    """
    Only the owner's own child that stays is not in the way.
    """
    pod = Pod(a_meta("p", "u", *owners, deleting=deleting))

    assert obstacle == taken("Pod", pod, a_worker_group())


def test_a_free_name_is_no_obstacle() -> None:
    """
    Where nothing stands a child can be made.
    """
    assert taken("Pod", None, a_worker_group()) is None


def test_what_stands_there_is_told_by_its_kind() -> None:
    """
    The message names kind and object, and the kind of the owner, whatever they are.
    """
    told = taken("Service", a_service("c-service", owner="another-uid"), a_cluster())

    words = "is there already, and not made for this DaskCluster: it is left alone"
    assert Obstacle("NameConflict", f"the Service c-service {words}") == told
