"""Why a Pod is not up, read from statuses as the scheduler and the kubelet write them."""

from typing import Any

import pytest

from daskop.api.problem import CRASH_LOOP, Problem, problem_of

NOT_FOUND = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: "
    'runc create failed: unable to start container process: exec: "dask-worker": '
    "executable file not found in $PATH: unknown"
)
BACK_OFF = "back-off 10s restarting failed container=main pod=g-worker-0_ns(u)"


def a_container(name: str = "main", *, ready: bool = False, **parts: Any) -> dict[str, Any]:
    known = {"image": "dask", "imageID": "", "restartCount": 0, "state": {}, "lastState": {}}
    return {"name": name, "ready": ready, **known, **parts}


def waiting(reason: str, message: str | None = None) -> dict[str, Any]:
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def running() -> dict[str, Any]:
    return {"running": {"startedAt": "2026-01-02T03:04:05Z"}}


def ended(code: int, reason: str, message: str | None = None) -> dict[str, Any]:
    # The kubelet has no times for a container that the node lost.
    times = {"startedAt": None, "finishedAt": None, "containerID": "containerd://1"}
    words = {"message": message} if message else {}
    return {"terminated": {"exitCode": code, "reason": reason, **times, **words}}


def main(**parts: Any) -> dict[str, Any]:
    return {"phase": "Running", "containerStatuses": [a_container(**parts)]}


def scheduled(status: str, **words: str) -> dict[str, Any]:
    return {"type": "PodScheduled", "status": status, "lastProbeTime": None, **words}


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        pytest.param(
            {"reason": "Unschedulable", "message": "0/3 nodes are available: 3 Insufficient cpu."},
            Problem("Unschedulable", "0/3 nodes are available: 3 Insufficient cpu."),
            id="unschedulable",
        ),
        pytest.param(
            {
                "reason": "SchedulingGated",
                "message": "Scheduling is blocked due to non-empty gates",
            },
            Problem("SchedulingGated", "Scheduling is blocked due to non-empty gates"),
            id="gated",
        ),
        pytest.param(
            {"reason": "SchedulerError"}, Problem("SchedulerError", ""), id="without a message"
        ),
        pytest.param({}, Problem("Unschedulable", ""), id="without a word"),
        pytest.param({"reason": ""}, Problem("Unschedulable", ""), id="with an empty word"),
    ],
)
def test_a_pod_that_no_node_takes(words: dict[str, str], problem: Problem) -> None:
    """
    The scheduler's reason and message are passed on.
    """
    others = {"type": "Initialized", "status": "False", "reason": "ContainersNotInitialized"}

    assert problem == problem_of({"conditions": [others, scheduled("False", **words)]})


@pytest.mark.parametrize(
    ("reason", "message", "told"),
    [
        ("ImagePullBackOff", 'Back-off pulling image "dsak"', 'Back-off pulling image "dsak"'),
        ("ErrImagePull", "pull access denied", "pull access denied"),
        ("ErrImagePull", None, "ErrImagePull"),
        ("InvalidImageName", "couldn't parse image name", "couldn't parse image name"),
        ("CreateContainerConfigError", 'secret "s" not found', 'secret "s" not found'),
        ("RunContainerError", NOT_FOUND, NOT_FOUND),
    ],
)
def test_a_container_that_does_not_start(reason: str, message: str | None, told: str) -> None:
    """
    The kubelet's reason is passed on with the container and its message, or alone if there is none.
    """
    status = main(state=waiting(reason, message))

    assert Problem(reason, f"main: {told}") == problem_of(status)


@pytest.mark.parametrize(
    ("end", "words", "code"),
    [
        pytest.param(ended(1, "Error"), "Error", 1, id="error"),
        pytest.param(ended(137, "OOMKilled"), "OOMKilled", 137, id="out of memory"),
        pytest.param(ended(128, "StartError", NOT_FOUND), NOT_FOUND, 128, id="start error"),
        pytest.param(ended(2, "Error", "no such file"), "no such file", 2, id="its own words"),
    ],
)
@pytest.mark.parametrize("step", ["ended", "back-off", "runs", "waits", "cannot run"])
def test_a_container_that_crashes_is_one_problem_all_the_time(
    step: str, end: dict[str, Any], words: str, code: int
) -> None:
    """
    The same is told when it has ended, backs off, waits, cannot be run, and runs between crashes.
    """
    status = {
        "ended": main(state=end),
        "back-off": main(state=waiting("CrashLoopBackOff", BACK_OFF), lastState=end),
        "runs": main(state=running(), lastState=end, restartCount=3),
        "waits": main(state={"waiting": {}}, lastState=end),
        "cannot run": main(state=waiting("RunContainerError", "x"), lastState=end),
    }[step]

    told = f"main ended with exit code {code}: {words}"
    assert Problem(CRASH_LOOP, told, code) == problem_of(status)


def test_a_container_that_cannot_be_run_again_has_crashed() -> None:
    """
    The kubelet says RunContainerError and CrashLoopBackOff in turns, which is one problem.
    """
    end = ended(128, "StartError", NOT_FOUND)
    backs_off = main(state=waiting("CrashLoopBackOff", BACK_OFF), lastState=end)
    cannot_run = main(state=waiting("RunContainerError", NOT_FOUND), lastState=end)

    assert problem_of(backs_off) == problem_of(cannot_run)


@pytest.mark.parametrize(
    "state",
    [
        waiting("CrashLoopBackOff", BACK_OFF),
        running(),
        {"waiting": {}},
        waiting("RunContainerError", NOT_FOUND),
        ended(0, "Completed"),
    ],
    ids=["back-off", "runs", "waits", "cannot run", "ended once more"],
)
def test_a_program_that_ends_too_soon_is_one_problem_all_the_time(state: dict[str, Any]) -> None:
    """
    A server that ends without an error, and is started again, does not come up either.
    """
    status = main(state=state, lastState=ended(0, "Completed"), restartCount=4)

    told = "main ended with exit code 0: Completed"
    assert Problem(CRASH_LOOP, told, 0) == problem_of(status)


def test_a_back_off_whose_end_is_not_told() -> None:
    """
    The kubelet may have forgotten how the container ended: no exit code is made up.
    """
    problem = problem_of(main(state=waiting("CrashLoopBackOff", BACK_OFF)))

    assert problem is not None
    assert (CRASH_LOOP, None) == (problem.reason, problem.exit_code)
    assert "None" not in problem.message


@pytest.mark.parametrize(
    "container",
    [
        pytest.param(a_container(state=waiting("ContainerCreating")), id="is made"),
        pytest.param(a_container(state=waiting("PodInitializing")), id="waits for others"),
        pytest.param(a_container(state={"waiting": {}}), id="waits"),
        pytest.param(a_container(state=running()), id="runs"),
        pytest.param(a_container(state=ended(0, "Completed")), id="is done"),
        pytest.param(a_container(), id="no state"),
        pytest.param({"name": "main"}, id="only a name"),
        pytest.param({"name": "main", "state": None, "lastState": None}, id="null"),
        pytest.param(
            a_container(state=waiting("ContainerCreating"), lastState=ended(1, "Error")),
            id="is made anew",
        ),
        pytest.param(
            a_container(ready=True, state=running(), lastState=ended(1, "Error")),
            id="is up after a crash",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["initContainerStatuses", "containerStatuses"])
def test_a_container_that_is_on_its_way(kind: str, container: dict[str, Any]) -> None:
    """
    What only takes its time is no problem, and neither is what is over.
    """
    assert problem_of({"conditions": [scheduled("True")], kind: [container]}) is None


@pytest.mark.parametrize(
    ("kind", "code"), [("initContainerStatuses", None), ("containerStatuses", 0)]
)
def test_a_container_that_ends_well_at_last(kind: str, code: int | None) -> None:
    """
    One that is to run once is done with that; one that is to stay has ended once more.
    """
    done = a_container(state=ended(0, "Completed"), lastState=ended(1, "Error"))

    problem = problem_of({kind: [done]})

    assert code == (problem.exit_code if problem else None)


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"conditions": None, "initContainerStatuses": None, "containerStatuses": None},
        {"conditions": [], "initContainerStatuses": [], "containerStatuses": []},
        {"conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}]},
    ],
    ids=["nothing", "null", "empty", "another condition"],
)
def test_a_pod_of_which_nothing_is_told_yet(status: dict[str, Any]) -> None:
    """
    A Pod that the kubelet has not reported has no problem.
    """
    assert problem_of(status) is None


BAD_PULL = waiting("ErrImagePull", "not found")
CRASHED: dict[str, Any] = {"state": waiting("CrashLoopBackOff"), "lastState": ended(1, "Error")}


@pytest.mark.parametrize(
    ("status", "message"),
    [
        pytest.param(
            {
                "conditions": [scheduled("False", reason="Unschedulable", message="no node")],
                "containerStatuses": [a_container(state=BAD_PULL)],
            },
            "no node",
            id="no node before a container",
        ),
        pytest.param(
            {
                "initContainerStatuses": [a_container("init", **CRASHED)],
                "containerStatuses": [a_container(state=BAD_PULL)],
            },
            "init ended with exit code 1: Error",
            id="an init container before a container",
        ),
        pytest.param(
            {
                "initContainerStatuses": [
                    a_container("init", ready=True, state=ended(0, "Completed")),
                    a_container("proxy", state=running()),  # a sidecar that is not ready yet
                ],
                "containerStatuses": [a_container(state=BAD_PULL)],
            },
            "main: not found",
            id="past init containers and sidecars without one",
        ),
        pytest.param(
            {
                "initContainerStatuses": [
                    a_container("proxy", state=running(), lastState=ended(255, "Error"))
                ],
                "containerStatuses": [a_container(ready=True, state=running())],
            },
            "proxy ended with exit code 255: Error",
            id="a sidecar that crashes",
        ),
        pytest.param(
            {
                "containerStatuses": [
                    a_container(ready=True, state=running()),
                    a_container("second", **CRASHED),
                    a_container("third", state=BAD_PULL),
                ]
            },
            "second ended with exit code 1: Error",
            id="the first of several",
        ),
    ],
)
def test_of_several_problems_the_first_is_told(status: dict[str, Any], message: str) -> None:
    """
    They are looked for in the order in which a Pod comes up.
    """
    problem = problem_of(status)

    assert problem is not None
    assert message == problem.message
