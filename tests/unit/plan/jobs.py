"""Jobs, their runners and clusters, and what is planned for them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from daskop.api.children import Pod
from daskop.api.cluster import CLUSTER, DaskCluster
from daskop.api.job import DaskJob, JobSpec
from daskop.api.labels import PodLabels
from daskop.api.meta import Manifest
from daskop.api.resources import PODS
from daskop.plan.actions import Delete, Plan
from daskop.plan.job import job_cluster, plan_job
from daskop.plan.observed import ObservedJob
from tests.unit.builders import JOB_UID, POD_SPEC, a_job, a_meta, a_pod, key, owned_by

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
A_MINUTE_AGO, HOURS_AGO = "2026-01-02T03:03:05Z", "2026-01-01T00:00:00Z"
ADDRESS = "tcp://j-cluster-service.ns.svc:8786"


def job_of(
    status: Manifest | None = None, *, replicas: int = 1, image: str = "dask", **runner: Any
) -> DaskJob:
    """The job ``j``: *runner* is added to its runner's PodSpec, the rest to its workers."""
    workers = {"replicas": replicas, "spec": {"containers": [{"name": "w", "image": image}]}}
    cluster = {"spec": {"worker": workers, "scheduler": {"spec": POD_SPEC}}}
    spec = {"job": {"spec": {**POD_SPEC, **runner}}, "cluster": cluster}
    return replace(a_job(status=status), spec=JobSpec.model_validate(spec))


def cluster_of(job: DaskJob, owner: str = JOB_UID, **changes: Any) -> DaskCluster:
    """The cluster that *job* wants, or with *changes* another one under its name."""
    wanted = job_cluster(job)
    identity = {"uid": "jc-uid", "resourceVersion": "1"}
    made = CLUSTER.parse({**wanted, "metadata": {**wanted["metadata"], **identity}})
    deleting = changes.pop("deleting", False)
    meta = a_meta("j-cluster", "jc-uid", owned_by(owner, "DaskJob"), deleting=deleting)
    return replace(made, meta=meta, **changes)


def a_runner(phase: str, **fields: Any) -> Pod:
    """The runner of the job, made a minute ago."""
    labels = PodLabels("j-cluster", "job-runner")
    defaults = {"owner": JOB_UID, "labels": labels, "created": A_MINUTE_AGO}
    return a_pod("j-runner", phase=phase, **{**defaults, **fields})


def planned(
    job: DaskJob, runner: Pod | None = None, cluster: DaskCluster | None = None, *, late: int = 0
) -> Plan:
    """The plan of a pass that comes *late* seconds after now; the scheduler is ready."""
    observed = ObservedJob(job, cluster or cluster_of(job), runner, ADDRESS)
    return plan_job(observed, NOW + timedelta(seconds=late))


def status_of(plan: Plan) -> dict[str, Any]:
    """The status that is planned."""
    assert plan.status is not None
    return plan.status


def told_of(plan: Plan, type_: str = "Reconciling") -> dict[str, str]:
    """The planned condition of this type."""
    found: dict[str, dict[str, str]] = {c["type"]: c for c in status_of(plan)["conditions"]}
    return found[type_]


def reasons(plan: Plan) -> list[str]:
    """Of the events that are planned."""
    return [event.reason for event in plan.events]


EVICTED = a_runner("Failed", reason="Evicted", started=A_MINUTE_AGO, finished=A_MINUTE_AGO)
"""A runner that its node has lost."""

REPLACED = (Delete(PODS, key("j-runner"), "j-runner-uid"),)
"""What is done about it, once that is on record."""
