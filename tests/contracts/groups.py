"""Worker groups, by which an API server is tried out, and what is asked of it."""

from typing import Any, Protocol

from daskop.api.meta import Manifest, NamespacedName
from daskop.api.resources import WORKER_GROUPS, Resource
from daskop.api.wellknown import API_VERSION
from daskop.cache.lister_watcher import ListerWatcher
from daskop.runtime.writer import Writer

BOUND_SECONDS = 8.0
STOP_SECONDS = 1.0
"""A watch that is stopped must be over by then."""

SILENCE_SECONDS = 0.5
"""An event would have come by then."""


class Kube(Writer, Protocol):
    """All faces of an API server that daskop knows."""

    def apply(self, resource: Resource, manifest: Manifest, subresource: str = "") -> Manifest:
        """Make these fields ours."""

    def delete(
        self, resource: Resource, key: NamespacedName, uid: str, resource_version: str = ""
    ) -> Manifest:
        """Delete an object if its uid, and its version if given, are these."""

    def delete_collection(self, resource: Resource, namespace: str, label_selector: str) -> None:
        """Delete every object in *namespace* that has the labels."""

    def lister_watcher(self, resource: Resource) -> ListerWatcher:
        """A new lister and watcher of *resource* in all namespaces."""


def a_group(namespace: str, name: str = "g", replicas: int = 1) -> dict[str, Any]:
    """A worker group that any server with our CRDs accepts; its cluster does not exist."""
    worker = {"replicas": replicas, "spec": {"containers": [{"name": "w", "image": "dask"}]}}
    return {
        "apiVersion": API_VERSION,
        "kind": WORKER_GROUPS.kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"cluster": "none", "worker": worker},
    }


def groups(kube: Kube) -> ListerWatcher:
    """A lister and watcher of worker groups."""
    return kube.lister_watcher(WORKER_GROUPS)


def labelled(group: dict[str, Any], **labels: str) -> dict[str, Any]:
    """The group with labels."""
    return {**group, "metadata": {**group["metadata"], "labels": labels}}


def scaled(replicas: int, **metadata: str) -> dict[str, Any]:
    """A patch of the number of workers, with preconditions."""
    return {"metadata": metadata, "spec": {"worker": {"replicas": replicas}}}


def shape(group: Any) -> tuple[int, int, str]:
    """Generation, wanted workers, and the status' selector."""
    spec, status = group["spec"], group.get("status", {})
    return group["metadata"]["generation"], spec["worker"]["replicas"], status.get("selector", "")
