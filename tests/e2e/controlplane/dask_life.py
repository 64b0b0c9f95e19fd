"""The life of Dask objects, step by step: what happens to them, and what is true in the end."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.e2e.controlplane.dask import Dask
from tests.e2e.controlplane.dask_picture import (
    Picture,
    a_cluster,
    a_group,
    a_job,
    an_ended_job,
)
from tests.e2e.faults.weather import Kind

CLUSTER: Final = "simple-cluster"
GROUP: Final = "simple-cluster-highmem-worker-group"
JOB: Final = "simple-job"


@dataclass(frozen=True, slots=True)
class Step:
    """
    One step.

    Attributes:
        act: What the user does, or the world.
        wanted: All that there is once the operator has made up for it.
    """

    act: Callable[[Dask], None]
    wanted: Picture


def _apply(dask: Dask) -> None:
    for file in ("cluster.yaml", "highmemworkers.yaml", "job.yaml"):
        dask.apply(file)


def _scale(workers: int, highmem: int) -> Callable[[Dask], None]:
    """The user wants so many workers in both groups."""

    def act(dask: Dask) -> None:
        dask.scale("daskclusters", CLUSTER, workers)
        dask.scale("daskworkergroups", GROUP, highmem)

    return act


def _edit(dask: Dask) -> None:
    """The user changes the Service; somebody else edits what is not theirs."""
    ports = [{"name": "comm", "port": 8786, "targetPort": "comm"}]
    service = {"type": "ClusterIP", "ports": ports}
    spec = {"spec": {"scheduler": {"service": service}}}
    dask.api.patch(dask.path("daskclusters", CLUSTER), spec)
    dask.api.patch(dask.path("daskclusters", f"{JOB}-cluster"), spec)
    labels = {"metadata": {"labels": {"dask.org/component": "somebody"}}}
    dask.api.patch(dask.path("pods", dask.worker_names()[0]), labels)


def _fail(dask: Dask) -> None:
    """A worker fails, and the scheduler is evicted."""
    dask.set_pod(dask.worker_names()[-1], phase="Failed", reason="")
    dask.set_pod(f"{CLUSTER}-scheduler", phase="Failed", reason="Evicted")


def _succeed(dask: Dask) -> None:
    """The program of the job has ended well."""
    dask.set_pod(f"{JOB}-runner", phase="Succeeded")


def _delete(dask: Dask) -> None:
    """The user has no more need of it."""
    dask.api.delete(dask.path("daskclusters", CLUSTER))
    dask.api.delete(dask.path("daskjobs", JOB))


_EDITED: Final = "ClusterIP, 8786"

LIFE: Final = (
    Step(_apply, {**a_cluster(CLUSTER, 2), **a_group(GROUP, 2), **a_job(JOB, 2)}),
    Step(_scale(5, 4), {**a_cluster(CLUSTER, 5), **a_group(GROUP, 4), **a_job(JOB, 2)}),
    Step(_scale(3, 1), {**a_cluster(CLUSTER, 3), **a_group(GROUP, 1), **a_job(JOB, 2)}),
    Step(
        _edit,
        {**a_cluster(CLUSTER, 3, service=_EDITED), **a_group(GROUP, 1), **a_job(JOB, 2)},
    ),
)
"""A cluster, a group of the user's, and a job: each Pod is made once."""

END: Final = (
    Step(
        _fail,
        {
            **a_cluster(CLUSTER, 3, failures=1, lost=1, service=_EDITED),
            **a_group(GROUP, 1),
            **a_job(JOB, 2),
        },
    ),
    Step(
        _succeed,
        {
            **a_cluster(CLUSTER, 3, failures=1, lost=1, service=_EDITED),
            **a_group(GROUP, 1),
            **an_ended_job(JOB),
        },
    ),
    Step(_delete, {}),
)
"""
What comes after it: the end of some Pods, of the job, and of all.

How often Pods are made here is open: kwok, who plays the kubelet, deletes by name, and may meet the
one that has taken it; and what is deleted may be made once more before the operator is told.
"""

PODS_MADE: Final = (1 + 5) + 4 + (1 + 2 + 1)
"""In the first part: of the cluster, of the group, and of the job."""

WRITES: Final[frozenset[Kind]] = frozenset(
    {
        *(("create", o) for o in ("pods", "services", "daskworkergroups", "daskclusters")),
        *(("patch", o) for o in ("pods", "services", "daskworkergroups", "daskclusters")),
        *(("patch", f"{o}/status") for o in ("daskworkergroups", "daskclusters", "daskjobs")),
        *(("delete", o) for o in ("pods", "daskclusters")),
        ("create", "events"),
    }
)
"""What the operator writes in it."""
