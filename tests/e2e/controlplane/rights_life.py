"""A life of Dask objects in which the operator needs each of its rights, and what it comes to."""

from collections.abc import Callable
from typing import Final

from tests.e2e.cluster.controlplane.api import Json
from tests.e2e.cluster.controlplane.errors import ApiError
from tests.e2e.controlplane.dask import GROUP, Dask
from tests.e2e.controlplane.podspecs import HIGHMEM, HIGHMEM_WORKER, JOB, NAME, RUNNER, SCHEDULER

BROKEN: Final = "broken"
JOB_CLUSTER: Final = f"{JOB}-cluster"
HIDDEN: Final = {"metadata": {"labels": {"dask.org/cluster-name": None}}}
"""An object that loses this label is hidden from the operator's watches."""

UP, JOINED, SCALED, POD_MENDED = "cluster up", "group joined", "scaled down", "Pod mended"
SERVICE_MENDED, JOB_ENDED, TOLD = "Service mended", "job ended", "told again and again"


def begin(dask: Dask) -> None:
    """A cluster, a group that joins it, a job, and a cluster that Kubernetes refuses."""
    dask.create(SCHEDULER.manifest())
    group = HIGHMEM_WORKER.manifest()
    group["spec"]["worker"]["replicas"] = 1
    dask.create(group)
    dask.create(RUNNER.manifest())
    broken = SCHEDULER.manifest(volumeMounts=[{"name": "nowhere", "mountPath": "/data"}])
    broken["metadata"]["name"], broken["spec"]["worker"]["replicas"] = BROKEN, 0
    dask.create(broken)


def _found(dask: Dask, plural: str, name: str) -> Json:
    """The object as it is, or as empty as can be if there is none."""
    found = (o for o in dask.api.list(dask.path(plural)) if o["metadata"]["name"] == name)
    return next(found, {"metadata": {}, "spec": {}, "status": {}})


def _scale_down(dask: Dask) -> bool:
    """The user wants one worker less."""
    if len(dask.workers()) != 2:
        return False
    dask.scale("daskworkergroups", GROUP, 1)
    return True


def _hide(plural: str, name: str) -> Callable[[Dask], bool]:
    """Somebody strips an object of the label that it is watched by."""

    def act(dask: Dask) -> bool:
        if not _found(dask, plural, name)["metadata"]:
            return False
        dask.api.patch(dask.path(plural, name), HIDDEN)
        return True

    return act


def _shrink_job(dask: Dask) -> bool:
    """The user wants fewer workers for a job that has a cluster by now."""
    if not _found(dask, "daskclusters", JOB_CLUSTER)["metadata"]:
        return False
    worker = {"worker": {"replicas": 1}}
    dask.api.patch(dask.path("daskjobs", JOB), {"spec": {"cluster": {"spec": worker}}})
    return True


def _end_runner(dask: Dask) -> bool:
    """The job's program has ended well."""
    worker = _found(dask, "daskclusters", JOB_CLUSTER)["spec"].get("worker", {})
    running = _found(dask, "pods", f"{JOB}-runner")["status"].get("phase") == "Running"
    if not running or worker.get("replicas") != 1:
        return False
    dask.set_pod(f"{JOB}-runner", phase="Succeeded")
    return True


_hide_scheduler = _hide("pods", f"{NAME}-scheduler")
_hide_service = _hide("services", f"{NAME}-service")

ACTS: Final = (_scale_down, _hide_scheduler, _hide_service, _shrink_job, _end_runner)
"""What users and the world do, each once and as soon as it can be done."""


class Life:
    """What is still to be done in one namespace."""

    def __init__(self, dask: Dask) -> None:
        self.dask = dask
        self._acts = list(ACTS)

    def go_on(self) -> None:
        """Do what can be done now."""
        self._acts = [act for act in self._acts if not self._done(act)]

    def _done(self, act: Callable[[Dask], bool]) -> bool:
        try:
            return act(self.dask)
        except ApiError as error:  # it went between a look and a write
            if error.status in {404, 409}:
                return False
            raise

    @property
    def reached(self) -> set[str]:
        """Which of the ends it has come to."""
        return {
            end for end, (act, holds) in ENDS.items() if act not in self._acts and holds(self.dask)
        }


def _is_ready(dask: Dask, plural: str, name: str) -> bool:
    return dask.condition(plural, name, "Ready").get("status") == "True"


def _has_label(dask: Dask, plural: str, name: str) -> bool:
    labels = _found(dask, plural, name)["metadata"].get("labels", {})
    return bool(labels.get("dask.org/cluster-name") == NAME)


def _joined(dask: Dask) -> bool:
    owners = dask.get("daskworkergroups", HIGHMEM)["metadata"].get("ownerReferences", [])
    return bool(owners) and _is_ready(dask, "daskworkergroups", HIGHMEM)


def _job_ended(dask: Dask) -> bool:
    word = dask.get("daskjobs", JOB).get("status", {}).get("jobStatus")
    return word == "Successful" and JOB_CLUSTER not in dask.names("daskclusters")


def _told(dask: Dask) -> bool:
    events = dask.api.list(dask.path("events"))
    told = (
        e for e in events if (e["involvedObject"]["name"], e["reason"]) == (BROKEN, "InvalidSpec")
    )
    return any(event["count"] > 1 for event in told)


def _scaled(dask: Dask) -> bool:
    return len(dask.workers()) == 1


ENDS: Final[dict[str, tuple[Callable[[Dask], bool] | None, Callable[[Dask], bool]]]] = {
    UP: (None, lambda dask: _is_ready(dask, "daskclusters", NAME)),
    JOINED: (None, _joined),
    SCALED: (_scale_down, _scaled),
    POD_MENDED: (_hide_scheduler, lambda dask: _has_label(dask, "pods", f"{NAME}-scheduler")),
    SERVICE_MENDED: (_hide_service, lambda dask: _has_label(dask, "services", f"{NAME}-service")),
    JOB_ENDED: (_end_runner, _job_ended),
    TOLD: (None, _told),
}
"""What is true once the operator has done all that there was to do, and what has come before."""
