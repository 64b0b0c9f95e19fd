"""What to say about a DaskJob that has not ended on record."""

from datetime import datetime
from typing import Any

from daskop.api.children import Pod
from daskop.api.conditions import condition, found, holds, merge_conditions, rfc3339
from daskop.api.job import DaskJob
from daskop.api.meta import Manifest
from daskop.api.problem import CRASH_LOOP
from daskop.api.resources import CLUSTERS, PODS
from daskop.api.wellknown import (
    CLUSTER_READY,
    COMPLETE,
    FAILED,
    READY,
    RECONCILING,
    REPLICA_FAILURE,
    RUNNING,
    STALLED,
)
from daskop.plan.actions import Event
from daskop.plan.names import Naming
from daskop.plan.observed import ObservedJob, is_own
from daskop.plan.obstacle import Obstacle, pod_obstacle, taken
from daskop.plan.probes import probe_condition, probe_events
from daskop.plan.refusal import has_ended, is_stalled
from daskop.plan.replacement import Replacement, was_replaced

JOB_CREATED = "JobCreated"
CLUSTER_CREATED = "ClusterCreated"
SUCCESSFUL = "Successful"
FAILED_WORD = "Failed"

NEVER = "Never"
"""The restart policy of a runner that must not run twice."""

TOLD = {
    RUNNING: Event("JobStarted", "The runner has started"),
    SUCCESSFUL: Event("JobSucceeded", "The runner has completed; the cluster is removed"),
}
"""What people are told when a job reaches one of dask-kubernetes' words."""


def own_runner(observed: ObservedJob) -> Pod | None:
    """The job's runner, also one that is going; never a stranger's Pod."""
    runner = observed.runner
    own = runner is not None and runner.meta.controlled_by(observed.job.meta.uid)
    return runner if own else None


def in_the_way(observed: ObservedJob) -> Obstacle | None:
    """The first object under a name that the job needs that is not its own, or is going."""
    job = observed.job
    cluster = taken(CLUSTERS.kind, observed.cluster, job)
    return cluster or taken(PODS.kind, observed.runner, job)


def job_status(
    observed: ObservedJob, lost: Pod | None, replaced: Replacement, now: datetime, *, passing: bool
) -> dict[str, Any]:
    """
    The word for older tools, times, and conditions.

    *lost* is a runner that is to be replaced; *passing*: the cluster is being changed.
    """
    job, runner = observed.job, own_runner(observed)
    word = _word(observed, None if lost else runner)
    conditions = _conditions(observed, lost, replaced, word) + probe_condition(job.spec.job.spec)
    waits = word in {JOB_CREATED, CLUSTER_CREATED} and observed.address is None
    if waits and not passing and _cluster_is_refused(observed):
        conditions.append(condition(STALLED, _cluster_obstacle(observed), holds=True))
    status = {
        "observedGeneration": job.meta.generation,
        "jobStatus": word,
        "clusterName": Naming.job_cluster(job.meta.key.name),
        "jobRunnerPodName": Naming.runner(job.meta.key.name),
        **replaced.record,
        "conditions": merge_conditions(
            conditions, job.status.get("conditions") or (), job.meta.generation, now
        ),
    }
    return {**status, **_runner_run(job, runner, replaced, word, now)}


def _runner_run(
    job: DaskJob, runner: Pod | None, replaced: Replacement, word: str, now: datetime
) -> dict[str, Any]:
    """Which runner ran last, and when: by the kubelet, so that a late pass makes the job no longer."""
    run = {"runnerInstance": job.status.get("runnerInstance", "")}
    if runner is not None and runner.phase != "Pending":
        # That it was lost is told when that is recorded, and not once more when another one runs.
        recorded = runner in replaced.due or (runner in replaced.held and replaced.wait is None)
        run["runnerInstance"] = "" if recorded else runner.meta.uid
    started = runner.started if runner is not None else job.status.get("startTime")
    ended = runner.finished if runner is not None else rfc3339(now)
    if started:
        run["startTime"] = started
    if ended and word in {SUCCESSFUL, FAILED_WORD}:
        run["endTime"] = ended
    return run


def may_not_run_again(job: DaskJob) -> bool:
    """Whether a runner has run, and its user has said that none may follow it."""
    ran = bool(job.status.get("runnerInstance")) and not has_ended(job.status)
    return ran and job.spec.job.spec.get("restartPolicy") == NEVER


def job_events(old: Manifest, new: Manifest) -> tuple[Event, ...]:
    """What to tell when the status *old* becomes *new*."""
    events = []
    word = new["jobStatus"]
    if word != old.get("jobStatus") and word in TOLD:
        events.append(TOLD[word])
    if word != old.get("jobStatus") and word == FAILED_WORD:
        message = _message(new).removeprefix("the")
        events.append(Event("JobFailed", f"The{message}; the cluster is removed", warning=True))
    if word == RUNNING and _reason(new) == CRASH_LOOP != _reason(old):
        events.append(Event("RunnerCrashes", _message(new), warning=True))
    if was_replaced(old, new):
        events.append(Event("RunnerReplaced", "The runner was lost, and is replaced", warning=True))
    elif _runs_anew(old, new):
        deleted = "The runner was deleted, and another one runs"
        events.append(Event("RunnerReplaced", deleted, warning=True))
    return (*events, *probe_events(old, new))


def _runs_anew(old: Manifest, new: Manifest) -> bool:
    """Whether another runner runs, and nothing was said of the end of the last one."""
    ran, runs = old.get("runnerInstance"), new["runnerInstance"]
    return bool(ran and runs) and ran != runs


def _word(observed: ObservedJob, runner: Pod | None) -> str:
    # Unknown: its node does not answer, and the last that it said was that it ran.
    phases = {
        "Succeeded": SUCCESSFUL,
        "Failed": FAILED_WORD,
        "Running": RUNNING,
        "Unknown": RUNNING,
    }
    if runner is not None and runner.phase in phases:
        return phases[runner.phase]
    if own_runner(observed) is None and may_not_run_again(observed.job):
        return FAILED_WORD
    return CLUSTER_CREATED if observed.cluster else JOB_CREATED


def _conditions(
    observed: ObservedJob, lost: Pod | None, replaced: Replacement, word: str
) -> list[dict[str, Any]]:
    """The conditions that *word* stands for, by kstatus' rules for a job."""
    # A job never says Ready: kstatus takes Ready=False on one that has ended for progress for ever.
    if word == SUCCESSFUL:
        return _ended(("RunnerSucceeded", "the runner has completed"), failed=False)
    if word == FAILED_WORD:
        told = ("RunnerFailed", _failure(observed))
        # What Argo CD, Flux and helm --wait look at.
        return [*_ended(told, failed=True), condition(STALLED, told, holds=True)]
    runs = word == RUNNING
    told = _work(observed) if runs else _obstacle(observed, lost, replaced)
    up = observed.address is not None
    accepts = ("SchedulerReady", "the scheduler of the job's cluster accepts connections")
    open_ended = ("NotEnded", "the runner has not ended")
    return [
        condition(CLUSTER_READY, accepts if up else _cluster_obstacle(observed), holds=up),
        condition(RUNNING, told, holds=runs),
        condition(COMPLETE, open_ended, holds=False),
        condition(FAILED, open_ended, holds=False),
        condition(RECONCILING, told, holds=not runs),
    ]


def _ended(told: tuple[str, str], *, failed: bool) -> list[dict[str, Any]]:
    removed = ("JobEnded", "the job has ended, and its cluster is removed")
    return [
        condition(CLUSTER_READY, removed, holds=False),
        condition(RUNNING, told, holds=False),
        condition(COMPLETE, told, holds=not failed),
        condition(FAILED, told, holds=failed),
        condition(RECONCILING, told, holds=False),
    ]


def _cluster_is_refused(observed: ObservedJob) -> bool:
    """Whether Kubernetes refuses what the cluster itself needs; short of workers it takes a runner."""
    cluster = observed.cluster
    if cluster is None or not is_own(observed.job.meta, cluster):
        return False
    return is_stalled(cluster) and holds(cluster.status, REPLICA_FAILURE)


def _failure(observed: ObservedJob) -> str:
    runner = own_runner(observed)
    if runner is None:
        return "the runner was deleted while it ran, and is not restarted"
    problem = runner.problem.message if runner.problem else ""
    reason = runner.reason or problem
    return f"the runner has failed{f' ({reason})' if reason else ''}, and is not restarted"


def _work(observed: ObservedJob) -> Obstacle:
    """How a runner that runs gets on: a program that fails again and again does, too."""
    runner = observed.runner
    problem = pod_obstacle(runner, observed.job.spec.job.spec) if runner else None
    restarts = runner.restarts if runner else 0
    again = Obstacle("RunnerRestarted", f"the runner works; restarts: {restarts}")
    return problem or (again if restarts else Obstacle("RunnerRunning", "the runner works"))


def _reason(status: Manifest) -> str:
    """Why the job is where it is, in one word."""
    return str(found(status, RECONCILING).get("reason", ""))


def _message(status: Manifest) -> str:
    """The same in a sentence."""
    return str(found(status, RECONCILING).get("message", ""))


def _obstacle(observed: ObservedJob, lost: Pod | None, replaced: Replacement) -> Obstacle:
    """The first thing in the way of a job that does not run yet."""
    job, runner = observed.job, observed.runner
    blocked = in_the_way(observed)
    if blocked is not None:
        return blocked
    if lost is not None:
        when = f"at {replaced.at}" if replaced.at else "now"
        return Obstacle(
            "RunnerFails", f"the runner was lost ({lost.reason}): it is replaced {when}"
        )
    if runner is not None:
        problem = pod_obstacle(runner, job.spec.job.spec)
        return problem or Obstacle("RunnerStarting", "waiting for the runner to start")
    if observed.address is None:
        return _cluster_obstacle(observed)
    return Obstacle("Starting", "the runner is about to be made")


def _cluster_obstacle(observed: ObservedJob) -> Obstacle:
    """What keeps the job's cluster from taking a runner's work."""
    blocked = taken(CLUSTERS.kind, observed.cluster, observed.job)
    if blocked is not None:
        return blocked
    ready = found(observed.cluster.status, READY) if observed.cluster else {}
    if ready and ready["status"] != "True":
        return Obstacle(ready["reason"], f"waiting for the cluster: {ready['message']}")
    return Obstacle("Starting", "waiting for the cluster's scheduler")
