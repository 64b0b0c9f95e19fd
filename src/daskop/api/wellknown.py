"""Names that are part of the API: group, labels, annotations, condition types."""

from typing import Final

GROUP: Final = "kubernetes.dask.org"
VERSION: Final = "v1"
API_VERSION: Final = f"{GROUP}/{VERSION}"

FIELD_MANAGER: Final = "daskop"
"""Who we are in ``metadata.managedFields``."""

CLUSTER_NAME_LABEL: Final = "dask.org/cluster-name"
COMPONENT_LABEL: Final = "dask.org/component"
GROUP_NAME_LABEL: Final = "dask.org/workergroup-name"
ISTIO_INJECT_LABEL: Final = "sidecar.istio.io/inject"

CLUSTER: Final = "cluster"
SCHEDULER: Final = "scheduler"
WORKER: Final = "worker"
WORKER_GROUP: Final = "workergroup"
JOB_RUNNER: Final = "job-runner"

PASSED_REPLICAS_ANNOTATION: Final = f"{GROUP}/passed-replicas"
"""On a child of our own kinds: the ``replicas`` of its owner that were passed down last."""

TEMPLATE_ANNOTATION: Final = f"{GROUP}/template"
"""On a worker Pod: the digest of the template that it was made from."""

APPLIED_ANNOTATION: Final = f"{GROUP}/applied"
"""On a Service: the digest of the spec and annotations that were applied last."""

COMM_NAMES: Final = ("comm", "tcp-comm")
"""The names of the port that workers and clients connect to."""

SCHEDULER_ADDRESS_ENV: Final = "DASK_SCHEDULER_ADDRESS"
WORKER_NAME_ENV: Final = "DASK_WORKER_NAME"

READY: Final = "Ready"
"""All is as wanted. Never of a job: kstatus would take one that has ended for one in progress."""
SCHEDULER_READY: Final = "SchedulerReady"
"""The scheduler accepts connections."""
WORKERS_READY: Final = "WorkersReady"
"""All workers of the default group are ready."""
CLUSTER_READY: Final = "ClusterReady"
"""The scheduler of a job's cluster accepts connections."""
RUNNING: Final = "Running"
"""A job's runner runs."""
RECONCILING: Final = "Reconciling"
"""kstatus: in progress."""
STALLED: Final = "Stalled"
"""kstatus: failed, until somebody acts."""
COMPLETE: Final = "Complete"
"""A job's runner has succeeded; a batch Job's word."""
FAILED: Final = "Failed"
"""A job's runner has failed for good; a batch Job's word."""
PROBE_FIELDS_MOVED: Final = "ProbeFieldsMoved"
"""Fields of a probe stood where Kubernetes ignores them."""
REPLICA_FAILURE: Final = "ReplicaFailure"
"""A write was refused: rights, quota, admission, or somebody else's object in the way."""

CONDITION_TYPES: Final = frozenset(
    {
        READY,
        SCHEDULER_READY,
        WORKERS_READY,
        CLUSTER_READY,
        RUNNING,
        RECONCILING,
        STALLED,
        COMPLETE,
        FAILED,
        PROBE_FIELDS_MOVED,
        REPLICA_FAILURE,
    }
)
"""Those that we write; a list of conditions may hold others' besides."""
