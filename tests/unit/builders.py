"""Views for tests: everything has a default, and every test overrides what it is about."""

from typing import Any

from daskop.api.children import Pod, Service
from daskop.api.cluster import ClusterSpec, DaskCluster
from daskop.api.job import DaskJob, JobSpec
from daskop.api.kinds import CustomResource
from daskop.api.labels import PodLabels, reserved_labels
from daskop.api.meta import Manifest, Meta, NamespacedName, OwnerReference
from daskop.api.wellknown import APPLIED_ANNOTATION, PASSED_REPLICAS_ANNOTATION
from daskop.api.worker_group import DaskWorkerGroup, WorkerGroupSpec
from daskop.plan.service import scheduler_service

NAMESPACE = "ns"
CLUSTER_UID = "cluster-uid"
GROUP_UID = "group-uid"
JOB_UID = "job-uid"
GENERATION = 3

POD_SPEC: dict[str, Any] = {"containers": [{"name": "main", "image": "dask"}]}


def key(name: str) -> NamespacedName:
    """A key in the tests' namespace."""
    return NamespacedName(NAMESPACE, name)


def a_meta(name: str, uid: str, *owners: OwnerReference, deleting: bool = False) -> Meta:
    """The identity of an object."""
    return Meta(key(name), uid, "1", generation=GENERATION, deleting=deleting, owners=owners)


def owned_by(uid: str, kind: str = "DaskCluster", *, controller: bool = True) -> OwnerReference:
    """A reference to the owner with this uid."""
    return OwnerReference(kind, "owner", uid, controller)


def a_cluster(
    *, replicas: int = 2, deleting: bool = False, status: Manifest | None = None, **scheduler: Any
) -> DaskCluster:
    """A cluster named ``c``."""
    spec = ClusterSpec.model_validate(
        {
            "worker": {"replicas": replicas, "spec": POD_SPEC},
            "scheduler": {"spec": POD_SPEC, **scheduler},
        }
    )
    meta = a_meta("c", CLUSTER_UID, deleting=deleting)
    return CustomResource("DaskCluster", meta, spec, status or {}, {}, {})


def a_worker_group(
    *,
    replicas: int = 2,
    owners: tuple[OwnerReference, ...] = (owned_by(CLUSTER_UID),),
    deleting: bool = False,
    passed: str = "2",
    status: Manifest | None = None,
    name: str = "g",
) -> DaskWorkerGroup:
    """A worker group of the cluster ``c``."""
    spec = WorkerGroupSpec.model_validate(
        {"cluster": "c", "worker": {"replicas": replicas, "spec": POD_SPEC}}
    )
    meta = a_meta(name, GROUP_UID, *owners, deleting=deleting)
    labels = reserved_labels("c", "workergroup")
    annotations = {PASSED_REPLICAS_ANNOTATION: passed}
    return CustomResource("DaskWorkerGroup", meta, spec, status or {}, labels, annotations)


def workers_up(number: int) -> dict[str, Any]:
    """The status of a group that has settled: of its newest spec, all *number* workers are up."""
    return {"observedGeneration": GENERATION, "replicas": number, "readyReplicas": number}


def a_job(*, deleting: bool = False, status: Manifest | None = None) -> DaskJob:
    """A job named ``j``."""
    cluster = {"worker": {"spec": POD_SPEC}, "scheduler": {"spec": POD_SPEC}}
    spec = JobSpec.model_validate({"job": {"spec": POD_SPEC}, "cluster": {"spec": cluster}})
    meta = a_meta("j", JOB_UID, deleting=deleting)
    return CustomResource("DaskJob", meta, spec, status or {}, {}, {})


def a_pod(
    name: str, *, owner: str = GROUP_UID, created: str = "", deleting: bool = False, **fields: Any
) -> Pod:
    """A Pod, by default a ready worker of the group ``g``."""
    meta = Meta(
        key(name), f"{name}-uid", "1", created=created, deleting=deleting, owners=(owned_by(owner),)
    )
    phase = fields.setdefault("phase", "Running")
    fields["ready"] = fields.get("ready", True) and phase == "Running"
    return Pod(meta, **{"labels": PodLabels("c", "worker", "g"), **fields})


def a_scheduler(**fields: Any) -> Pod:
    """The scheduler's Pod of the cluster ``c``."""
    labels = PodLabels("c", "scheduler")
    return a_pod("c-scheduler", **{"owner": CLUSTER_UID, "labels": labels, **fields})


def a_service(name: str = "c-service", owner: str = CLUSTER_UID, **fields: Any) -> Service:
    """A Service, by default the one that the cluster wants."""
    wanted = scheduler_service(a_cluster())
    metadata = wanted["metadata"]
    known = {
        "spec": wanted["spec"],
        "labels": metadata["labels"],
        "applied": metadata["annotations"][APPLIED_ANNOTATION],
    }
    return Service(a_meta(name, f"{name}-uid", owned_by(owner)), **{**known, **fields})
