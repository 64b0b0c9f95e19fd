"""The plan of a DaskJob: a cluster, a runner once the scheduler is up, and the end of both."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from daskop.api.children import Pod
from daskop.api.cluster import DaskCluster
from daskop.api.conditions import condition, holds, merge_conditions
from daskop.api.job import DaskJob
from daskop.api.meta import HasMeta, NamespacedName
from daskop.api.resources import CLUSTERS, PODS
from daskop.api.wellknown import (
    API_VERSION,
    COMPLETE,
    FAILED,
    JOB_RUNNER,
    RECONCILING,
    SCHEDULER_ADDRESS_ENV,
    STALLED,
)
from daskop.plan.actions import LOOK_AGAIN, Action, Create, Delete, Plan
from daskop.plan.names import Naming
from daskop.plan.pod_template import metadata, pod, reserved_labels, with_env


@dataclass(frozen=True, slots=True)
class ObservedJob:
    """
    A job and what stands under the names of its children, ours or not.

    Attributes:
        address: The scheduler's address, once the scheduler accepts connections; else None.
    """

    job: DaskJob
    cluster: DaskCluster | None
    runner: Pod | None
    address: str | None


def plan_job(observed: ObservedJob, now: datetime) -> Plan:
    """Compare what a job needs with what is there."""
    job = observed.job
    if job.meta.deleting:
        return Plan()  # its children go by garbage collection
    # An end on record is final: what is deleted or made by others afterwards changes nothing.
    if finished(job):
        return Plan(actions=tuple(_clean_up(observed)))
    runner = _own(job, observed.runner)
    status = job_status(observed, now)
    if runner is not None and runner.ended:
        return Plan(status=status)  # the end is stored first: a pass after this one cleans up
    return Plan(
        actions=tuple(_actions(observed)),
        status=status,
        requeue_after=LOOK_AGAIN if _blocked(observed) else None,
    )


def finished(job: DaskJob) -> bool:
    """Whether the job's end is on record. It stays ended, even when its runner is deleted."""
    conditions = job.status.get("conditions") or ()
    return holds(conditions, COMPLETE) or holds(conditions, FAILED)


def _clean_up(observed: ObservedJob) -> Iterator[Action]:
    cluster = observed.cluster
    if cluster is not None and _own(observed.job, cluster) and not cluster.meta.deleting:
        yield Delete(CLUSTERS, cluster.meta.key, cluster.meta.uid)


def _actions(observed: ObservedJob) -> Iterator[Action]:
    job = observed.job
    # The runner comes last: a Client that finds no scheduler gives up after 30 s (Dask's default).
    if observed.cluster is None:
        yield Create(CLUSTERS, job_cluster(job), job.meta.uid)
    elif _own(job, observed.cluster) and observed.runner is None and observed.address is not None:
        yield Create(PODS, runner_pod(job, observed.address), job.meta.uid)


def _own(job: DaskJob, child: HasMeta | None) -> Any:
    return child if child is not None and child.meta.controlled_by(job.meta.uid) else None


def _blocked(observed: ObservedJob) -> bool:
    children = (observed.cluster, observed.runner)
    return any(c is not None and (c.meta.deleting or not _own(observed.job, c)) for c in children)


def job_cluster(job: DaskJob) -> dict[str, Any]:
    """The job's cluster."""
    key = job.meta.key
    name = Naming.job_cluster(key.name)
    return {
        "apiVersion": API_VERSION,
        "kind": CLUSTERS.kind,
        "metadata": metadata(
            NamespacedName(key.namespace, name),
            reserved_labels(name, "cluster"),
            job.as_owner(),
            {},
        ),
        "spec": job.spec.cluster.spec.model_dump(mode="json", by_alias=True),
    }


def runner_pod(job: DaskJob, address: str) -> dict[str, Any]:
    """The runner's Pod, whose bare ``Client()`` connects to the scheduler at *address*."""
    key, runner = job.meta.key, job.spec.job
    return pod(
        NamespacedName(key.namespace, Naming.runner(key.name)),
        # The seed promises that a failing runner is restarted, unless the user says otherwise.
        with_env({"restartPolicy": "OnFailure", **runner.spec}, {SCHEDULER_ADDRESS_ENV: address}),
        runner.metadata,
        reserved_labels(Naming.job_cluster(key.name), JOB_RUNNER),
        job.as_owner(),
    )


def job_status(observed: ObservedJob, now: datetime) -> dict[str, Any]:
    """What to say about a job that has not ended on record."""
    job = observed.job
    runner: Pod | None = _own(job, observed.runner)
    word, conditions = _progress(observed, runner)
    status = {
        "observedGeneration": job.meta.generation,
        "jobStatus": word,
        "clusterName": Naming.job_cluster(job.meta.key.name),
        "jobRunnerPodName": Naming.runner(job.meta.key.name),
        "conditions": merge_conditions(
            conditions, job.status.get("conditions") or (), job.meta.generation, now
        ),
    }
    # Both times are the kubelet's, so that a pass that comes late does not make the job longer.
    if runner is not None and runner.started:
        status["startTime"] = runner.started
    if runner is not None and runner.ended and runner.finished:
        status["endTime"] = runner.finished
    return status


def _progress(observed: ObservedJob, runner: Pod | None) -> tuple[str, list[dict[str, Any]]]:
    """The word for older tools, and the conditions it stands for (kstatus' rules for a job)."""
    # A job never says Ready: kstatus takes Ready=False on one that has ended for progress for ever.
    if runner is not None and runner.phase == "Succeeded":
        done = "the runner has completed"
        return "Successful", [
            condition(COMPLETE, holds=True, reason="RunnerSucceeded", message=done),
            condition(RECONCILING, holds=False, reason="RunnerSucceeded", message=done),
        ]
    if runner is not None and runner.phase == "Failed":
        failure = "the runner has failed and is not restarted"
        return "Failed", [
            condition(FAILED, holds=True, reason="RunnerFailed", message=failure),
            # What Argo CD, Flux and helm --wait look at.
            condition(STALLED, holds=True, reason="RunnerFailed", message=failure),
            condition(RECONCILING, holds=False, reason="RunnerFailed", message=failure),
        ]
    if runner is not None and runner.phase == "Running":
        message = "the runner works"
        return "Running", [
            condition(RECONCILING, holds=False, reason="RunnerRunning", message=message)
        ]
    waiting = "the runner to start" if runner else "the cluster's scheduler"
    return (
        "ClusterCreated" if observed.cluster else "JobCreated",
        [condition(RECONCILING, holds=True, reason="Starting", message=f"waiting for {waiting}")],
    )
