"""The plan of a DaskJob: a cluster, a runner once the scheduler is up, and the end of both."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from daskop.api.children import Pod
from daskop.api.job import DaskJob
from daskop.api.labels import PodLabels, reserved_labels
from daskop.api.meta import NamespacedName
from daskop.api.resources import CLUSTERS, PODS
from daskop.api.wellknown import (
    API_VERSION,
    CLUSTER,
    JOB_RUNNER,
    PASSED_REPLICAS_ANNOTATION,
    SCHEDULER_ADDRESS_ENV,
)
from daskop.plan.actions import LOOK_AGAIN, Action, Create, Delete, Plan
from daskop.plan.digest import digest
from daskop.plan.job_status import NEVER, in_the_way, job_events, job_status, own_runner
from daskop.plan.names import Naming
from daskop.plan.observed import ObservedJob, is_own
from daskop.plan.passing_down import child_changes, made_or_mended
from daskop.plan.pod_template import (
    inherited,
    marked,
    mended,
    metadata,
    pod,
    with_env,
)
from daskop.plan.refusal import has_ended, settled_status
from daskop.plan.replacement import replacement

ON_FAILURE = "OnFailure"

DEADLINE_EXCEEDED = "DeadlineExceeded"
"""Why a Pod failed whose ``activeDeadlineSeconds`` are over: another one would take as long."""


def plan_job(observed: ObservedJob, now: datetime) -> Plan:
    """Compare what a job needs with what is there."""
    job = observed.job
    if job.meta.deleting:
        return Plan()  # its children go by garbage collection
    # An end on record is final: what is deleted or made by others afterwards changes nothing.
    if has_ended(job.status):
        return Plan(actions=tuple(_clean_up(observed)), status=settled_status(job))
    runner = own_runner(observed)
    lost = runner if runner is not None and is_lost(job, runner) else None
    replaced = replacement([lost] if lost else [], job.status, now, late_too=True)
    # The runner comes last: a Client that finds no scheduler gives up after 30 s (Dask's default).
    cluster = tuple(
        made_or_mended(CLUSTERS, job.meta, observed.cluster, job_cluster(job), child_changes)
    )
    status = job_status(observed, lost, replaced, now, passing=bool(cluster))
    events = job_events(job.status, status)
    if has_ended(status):
        # The end is stored first: a pass after this one cleans up.
        return Plan(status=status, events=events)
    return Plan(
        actions=(*replaced.deletes, *cluster, *_runner_actions(observed)),
        status=status,
        events=events,
        requeue_after=LOOK_AGAIN if in_the_way(observed) else replaced.wait,
    )


def is_lost(job: DaskJob, runner: Pod) -> bool:
    """Whether *runner* ended for a reason that is not its program's, and may run once more."""
    # With OnFailure the kubelet itself starts containers again: only an eviction, or the loss of
    # the node, ends such a Pod. With Never its user has said that it must not run twice.
    # A Pod that somebody deletes fails on its way, without a reason.
    policy = job.spec.job.spec.get("restartPolicy") or ON_FAILURE
    by_itself = runner.reason == DEADLINE_EXCEEDED or not (runner.reason or runner.meta.deleting)
    return runner.phase == "Failed" and not by_itself and policy != NEVER


def _clean_up(observed: ObservedJob) -> Iterator[Action]:
    cluster = observed.cluster
    if cluster is not None and is_own(observed.job.meta, cluster):
        yield Delete(CLUSTERS, cluster.meta.key, cluster.meta.uid)


def _runner_actions(observed: ObservedJob) -> Iterator[Action]:
    job, cluster, runner = observed.job, observed.cluster, observed.runner
    if is_own(job.meta, cluster) and runner is None and observed.address is not None:
        yield Create(PODS, runner_pod(job, observed.address), job.meta.uid)
    if runner is not None and is_own(job.meta, runner) and runner.alive:
        labels = PodLabels(Naming.job_cluster(job.meta.key.name), JOB_RUNNER)
        address = observed.address
        template = runner_template(job, address) if address is not None else None
        yield from mended(runner, labels, template)


def job_cluster(job: DaskJob) -> dict[str, Any]:
    """
    The job's cluster, as its template says, and a note of the replicas passed down.

    It is the job's by a controller reference, so that it goes with the job.
    """
    key = job.meta.key
    name = Naming.job_cluster(key.name)
    spec = job.spec.cluster.spec
    return {
        "apiVersion": API_VERSION,
        "kind": CLUSTERS.kind,
        "metadata": metadata(
            NamespacedName(key.namespace, name),
            {**inherited(job.labels), **reserved_labels(name, CLUSTER)},
            job.as_owner(),
            {
                **inherited(job.annotations),
                PASSED_REPLICAS_ANNOTATION: str(spec.worker.replicas),
            },
        ),
        "spec": spec.model_dump(mode="json", by_alias=True),
    }


def runner_pod(job: DaskJob, address: str) -> dict[str, Any]:
    """The runner's Pod, whose bare ``Client()`` connects to the scheduler at *address*."""
    key, runner = job.meta.key, job.spec.job
    made = pod(
        NamespacedName(key.namespace, Naming.runner(key.name)),
        # The seed promises that a failing runner is restarted, unless the user says otherwise.
        with_env({"restartPolicy": ON_FAILURE, **runner.spec}, {SCHEDULER_ADDRESS_ENV: address}),
        runner.metadata,
        reserved_labels(Naming.job_cluster(key.name), JOB_RUNNER),
        job,
    )
    return marked(made, runner_template(job, address))


def runner_template(job: DaskJob, address: str) -> str:
    """The digest of all that the user can change about the runner's Pod."""
    runner = job.spec.job.model_dump(mode="json", by_alias=True)
    return digest({"runner": runner, "address": address})
