"""What is said of a DaskJob, and what is mended of its children."""

from dataclasses import replace
from typing import Any

import pytest

from daskop.api.children import Pod
from daskop.api.labels import PodLabels
from daskop.api.problem import Problem
from daskop.api.resources import CLUSTERS, PODS
from daskop.plan.actions import LOOK_AGAIN, Create, Patch
from daskop.plan.job import plan_job
from daskop.plan.observed import ObservedJob
from daskop.plan.refusal import refused_status
from tests.unit.plan.jobs import (
    A_MINUTE_AGO,
    EVICTED,
    HOURS_AGO,
    NOW,
    a_runner,
    cluster_of,
    job_of,
    planned,
    reasons,
    status_of,
    told_of,
)

CRASH = Problem("CrashLoop", "main ended with exit code 1: Error", 1)
CRASHES = "RunnerCrashes"
READY_IS_FALSE = {"type": "Ready", "status": "False", "reason": "ImagePullBackOff", "message": "no"}


@pytest.mark.parametrize(
    ("policy", "fields", "why"),
    [
        ("Never", {"reason": "Evicted", "problem": CRASH}, " (Evicted)"),
        ("Never", {"reason": "Evicted", "deleting": True}, " (Evicted)"),
        ("Never", {"deleting": True}, ""),
        ("OnFailure", {"reason": "DeadlineExceeded"}, " (DeadlineExceeded)"),
        ("OnFailure", {"reason": "DeadlineExceeded", "deleting": True}, " (DeadlineExceeded)"),
        ("OnFailure", {"problem": CRASH}, " (main ended with exit code 1: Error)"),
        ("OnFailure", {}, ""),
    ],
)
def test_a_failure_for_good(policy: str, fields: dict[str, Any], why: str) -> None:
    """
    A runner that must not run twice, had its time, or failed by itself has failed the job.
    """
    runner = a_runner("Failed", finished=HOURS_AGO, **fields)

    plan = planned(job_of(restartPolicy=policy), runner)

    assert ((), None, ["JobFailed"]) == (plan.actions, plan.requeue_after, reasons(plan))
    assert ("Failed", HOURS_AGO) == (status_of(plan)["jobStatus"], status_of(plan)["endTime"])
    told = [told_of(plan, type_) for type_ in ("Failed", "Stalled", "Reconciling")]
    assert ["True", "True", "False"] == [entry["status"] for entry in told]
    words = f"the runner has failed{why}, and is not restarted"
    assert {words} == {entry["message"] for entry in told}
    sentence = f"The{words.removeprefix('the')}; the cluster is removed"
    assert [sentence] == [event.message for event in plan.events]


@pytest.mark.parametrize(
    ("runner", "times"),
    [
        (None, {}),
        (a_runner("Pending"), {}),
        (a_runner("Pending", started=HOURS_AGO), {"startTime": HOURS_AGO}),
        (a_runner("Running", started=HOURS_AGO), {"startTime": HOURS_AGO}),
        (EVICTED._replace(reason=""), {"startTime": A_MINUTE_AGO, "endTime": A_MINUTE_AGO}),
        (a_runner("Failed", finished=A_MINUTE_AGO), {"endTime": A_MINUTE_AGO}),
        (a_runner("Failed"), {}),
        (EVICTED, {"startTime": A_MINUTE_AGO}),
        (a_runner("Succeeded", owner="a-stranger", started=HOURS_AGO, finished=HOURS_AGO), {}),
    ],
)
def test_times(runner: Pod | None, times: dict[str, str]) -> None:
    """
    The start is the own runner's, and so is the end, which only a job has that has ended.
    """
    status = status_of(planned(job_of(), runner))

    assert times == {name: status[name] for name in ("startTime", "endTime") if name in status}


PULLING = Problem("ErrImagePull", "no such image")


@pytest.mark.parametrize(
    ("cluster", "runner", "reason", "words"),
    [
        ({"owner": "a-stranger"}, None, "NameConflict", "DaskCluster j-cluster is there already"),
        ({"deleting": True}, None, "Terminating", "the DaskCluster j-cluster to be gone"),
        ({}, a_runner("Running", owner="a-stranger"), "NameConflict", "Pod j-runner is there"),
        ({}, a_runner("Pending", deleting=True), "Terminating", "the Pod j-runner to be gone"),
        ({}, a_runner("Pending", problem=PULLING), "ErrImagePull", "Pod j-runner: no such image"),
        ({}, a_runner("Pending"), "RunnerStarting", "waiting for the runner to start"),
        ({"status": {"conditions": [READY_IS_FALSE]}}, None, "ImagePullBackOff", "cluster: no"),
        ({"status": {"conditions": [{**READY_IS_FALSE, "type": "X"}]}}, None, "Starting", ""),
        ({"status": {"conditions": [{**READY_IS_FALSE, "status": "True"}]}}, None, "Starting", ""),
        ({}, None, "Starting", "waiting for the cluster's scheduler"),
    ],
)
def test_obstacles(cluster: dict[str, Any], runner: Pod | None, reason: str, words: str) -> None:
    """
    A job that does not run yet says what it waits for: names, its runner, or its cluster.
    """
    job = job_of()
    plan = plan_job(ObservedJob(job, cluster_of(job, **cluster), runner, None), NOW)

    told = told_of(plan)
    assert ("True", reason) == (told["status"], told["reason"])
    assert words in told["message"]
    wait = LOOK_AGAIN if reason in {"NameConflict", "Terminating"} else None
    assert ((), wait) == (plan.actions, plan.requeue_after)


@pytest.mark.parametrize(
    ("before", "runner", "expected"),
    [
        ({}, None, []),
        ({"jobStatus": "ClusterCreated"}, a_runner("Pending"), []),
        ({"jobStatus": "ClusterCreated"}, a_runner("Running"), ["JobStarted"]),
        ({"jobStatus": "Running"}, a_runner("Succeeded"), ["JobSucceeded"]),
        ({"jobStatus": "Running"}, a_runner("Failed"), ["JobFailed"]),
        ({"jobStatus": "Running"}, EVICTED, ["RunnerReplaced"]),
        ({"jobStatus": "Running"}, a_runner("Running", ready=False, problem=CRASH), [CRASHES]),
    ],
)
def test_a_transition_is_told_once(
    before: dict[str, str], runner: Pod | None, expected: list[str]
) -> None:
    """
    The pass that sees it tells it, and with its status stored no later pass does.
    """
    first = planned(job_of(before), runner)
    second = planned(job_of(first.status), runner)

    assert (expected, []) == (reasons(first), reasons(second))
    warnings = {event.reason for event in first.events if event.warning}
    assert set(expected) & {"JobFailed", "RunnerReplaced", CRASHES} == warnings


@pytest.mark.parametrize(("replicas", "expected"), [(1, {}), (4, {"replicas": 4})])
def test_a_changed_cluster_is_passed_down(replicas: int, expected: dict[str, int]) -> None:
    """
    The number of workers goes along only if the job's own has changed: somebody had scaled it.
    """
    child = cluster_of(job_of(image="old"))
    scaled = child.spec.worker.model_copy(update={"replicas": 9})
    child = replace(child, spec=child.spec.model_copy(update={"worker": scaled}))

    (action,) = planned(job_of(replicas=replicas, image="new"), a_runner("Running"), child).actions

    assert isinstance(action, Patch)
    assert (CLUSTERS, child.meta) == (action.resource, action.meta)
    spec = {"containers": [{"name": "w", "image": "new"}]}
    assert {"worker": {"spec": spec, **expected}} == action.body["spec"]


def test_labels_are_inherited() -> None:
    """
    A label that the job gets later reaches its cluster, and the runner has it; a tool's do neither.
    """
    job = replace(job_of(), labels={"team": "a", "argocd.argoproj.io/instance": "i"})

    changes, made = planned(job, None, cluster_of(job_of())).actions

    assert isinstance(changes, Patch)
    assert {"metadata": {"labels": {"team": "a"}}} == changes.body
    assert isinstance(made, Create)
    labels = made.manifest["metadata"]["labels"]
    assert ("a", None) == (labels["team"], labels.get("argocd.argoproj.io/instance"))


@pytest.mark.parametrize(("deleting", "patches"), [(False, 1), (True, 0)])
def test_a_live_runners_labels_are_mended(deleting: bool, patches: int) -> None:
    """
    What selectors rest on is put back, unless the runner is on its way out.
    """
    runner = a_runner("Running", labels=PodLabels("another"), deleting=deleting)

    actions = planned(job_of(), runner).actions

    labels = {"cluster-name": "j-cluster", "component": "job-runner", "workergroup-name": None}
    body = {"metadata": {"labels": {f"dask.org/{name}": labels[name] for name in labels}}}
    assert (Patch(PODS, runner.meta, body),) * patches == actions


def test_a_refused_removal_is_over_when_the_cluster_is_gone() -> None:
    """
    A job that has ended does not say for ever that its cluster could not be deleted.
    """
    ended = status_of(planned(job_of(), a_runner("Succeeded")))
    refused = refused_status(ended, ended, "Forbidden", "not yours", 3, NOW)

    after = plan_job(ObservedJob(job_of(refused), None, a_runner("Succeeded"), None), NOW).status

    conditions = {c["type"]: c["status"] for c in (after or refused)["conditions"]}
    over = dict.fromkeys(("ClusterReady", "Running", "Failed", "Reconciling"), "False")
    assert {**over, "Complete": "True"} == conditions


@pytest.mark.parametrize(
    ("fields", "reason", "message"),
    [
        ({}, "RunnerRunning", "the runner works"),
        ({"restarts": 3}, "RunnerRestarted", "the runner works; restarts: 3"),
        (
            {"restarts": 3, "ready": False, "problem": CRASH},
            "CrashLoop",
            f"Pod j-runner: {CRASH.message}",
        ),
    ],
)
def test_a_runner_that_runs(fields: dict[str, Any], reason: str, message: str) -> None:
    """
    The job says how the program gets on; it is running all the same.
    """
    plan = planned(job_of({"jobStatus": "Running"}), a_runner("Running", **fields))

    told = told_of(plan)
    assert ("False", reason, message) == (told["status"], told["reason"], told["message"])
    assert "Running" == status_of(plan)["jobStatus"]


def test_a_scheduler_that_crashes_is_no_crash_of_the_runner() -> None:
    """
    While a job waits for its cluster it has that one's reason, but no event about a runner.
    """
    job = job_of()
    crash = {**READY_IS_FALSE, "reason": CRASH.reason}
    cluster = cluster_of(job, status={"conditions": [crash]})

    plan = plan_job(ObservedJob(job, cluster, None, None), NOW)

    assert ("CrashLoop", []) == (told_of(plan)["reason"], reasons(plan))
