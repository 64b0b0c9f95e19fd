"""Where a PodSpec stands in the seed's manifests, and who tells what becomes of its Pod."""

from typing import Any, Final, NamedTuple

import yaml

from tests.e2e.cluster.controlplane.api import Json
from tests.e2e.controlplane.dask import Dask
from tests.e2e.controlplane.kubectl import seed

NAME: Final = "simple-cluster"
HIGHMEM: Final = "simple-cluster-highmem-worker-group"
JOB: Final = "simple-job"


class Part(NamedTuple):
    """A PodSpec in a manifest of the seed's, and who tells what becomes of its Pod."""

    file: str
    plural: str
    name: str
    path: str
    condition: str = "Ready"
    prefix: str = ""

    def manifest(self, **container: Any) -> Json:
        """The manifest with other fields in the PodSpec's container, or in the PodSpec itself."""
        found: Json = yaml.safe_load(seed(self.file))
        podspec = self.podspec(found)
        podspec.update(container.pop("podspec", {}))
        podspec["containers"][0].update(container)
        return found

    def podspec(self, manifest: Json) -> Json:
        """The PodSpec in *manifest*."""
        for field in self.path.split("."):
            manifest = manifest[field]
        return manifest

    def mend(self, dask: Dask) -> None:
        """Have the PodSpec as it stands in the seed's manifest."""
        body = self.podspec(self.manifest(podspec={"restartPolicy": None}))
        for field in reversed(self.path.split(".")):
            body = {field: body}
        dask.api.patch(dask.path(self.plural, self.name), body)


CLUSTER, GROUPS, JOBS = "daskclusters", "daskworkergroups", "daskjobs"
SCHEDULER = Part("cluster.yaml", CLUSTER, NAME, "spec.scheduler.spec")
WORKER = Part("cluster.yaml", CLUSTER, NAME, "spec.worker.spec")
HIGHMEM_WORKER = Part("highmemworkers.yaml", GROUPS, HIGHMEM, "spec.worker.spec")
RUNNER = Part("job.yaml", JOBS, JOB, "spec.job.spec", "Reconciling")
JOB_SCHEDULER = Part(
    "job.yaml",
    JOBS,
    JOB,
    "spec.cluster.spec.scheduler.spec",
    "Reconciling",
    "waiting for the cluster: ",
)
