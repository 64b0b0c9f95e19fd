"""The Dask objects of one namespace, as a test sees them and plays with them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import yaml

from tests.e2e.cluster.controlplane.api import Api, Json, path_of
from tests.e2e.cluster.controlplane.waiting import wait_until

SEED: Final = Path(__file__).parents[1] / "seed"
DASK: Final = "kubernetes.dask.org/v1"
GROUP: Final = "simple-cluster-default-worker-group"

CHILDREN: Final = (("pods", "v1"), ("services", "v1"), ("daskworkergroups", DASK))
"""What clusters consist of."""


class Dask:
    """
    The objects of one namespace.

    Attributes:
        api: Asked with all rights.
    """

    def __init__(self, api: Api, namespace: str) -> None:
        self.api = api
        self.namespace = namespace

    def path(self, plural: str, name: str = "", api_version: str = "") -> str:
        """The path of objects, or of one of them; of ours unless *plural* is a core one."""
        core = plural in {"pods", "services", "events", "resourcequotas"}
        return path_of(api_version or ("v1" if core else DASK), plural, self.namespace, name)

    def apply(self, file: str) -> None:
        """Create what a manifest of the seed's says, but in the test's namespace."""
        self.create(yaml.safe_load((SEED / file).read_text()))

    def create(self, manifest: Json) -> Json:
        """Create an object in the test's namespace."""
        manifest["metadata"]["namespace"] = self.namespace
        return self.api.create(self.path(f"{manifest['kind'].lower()}s"), manifest)

    def get(self, plural: str, name: str) -> Json:
        """One object."""
        return self.api.get(self.path(plural, name))

    def names(self, plural: str, selector: str = "") -> set[str]:
        """The names of objects that are not going."""
        return {meta["name"] for meta in self._living(plural, selector)}

    def workers(self, group: str = GROUP) -> set[str]:
        """The uids of a group's workers that are not going."""
        selector = f"dask.org/workergroup-name={group}"
        return {meta["uid"] for meta in self._living("pods", selector)}

    def worker_names(self, group: str = GROUP) -> list[str]:
        """The names of a group's workers that are not going, sorted."""
        return sorted(self.names("pods", f"dask.org/workergroup-name={group}"))

    def _living(self, plural: str, selector: str) -> list[Json]:
        found = self.api.list(self.path(plural), selector)
        return [o["metadata"] for o in found if "deletionTimestamp" not in o["metadata"]]

    def left(self) -> set[str]:
        """The names of all that clusters consist of, going or not."""
        found = [o for plural, _ in CHILDREN for o in self.api.list(self.path(plural))]
        return {o["metadata"]["name"] for o in found}

    def condition(self, plural: str, name: str, type_: str) -> Json:
        """One condition of an object; empty while there is none."""
        conditions = self.get(plural, name).get("status", {}).get("conditions") or []
        return next((entry for entry in conditions if entry["type"] == type_), {})

    def wait_ready(self, plural: str, name: str, within_seconds: float = 30) -> None:
        """Wait for the condition Ready."""
        self.wait_for_condition(plural, name, "Ready", within_seconds, status="True")

    def wait_for_condition(
        self, plural: str, name: str, type_: str, within_seconds: float = 30, **expected: str
    ) -> Json:
        """Wait until a condition has the fields *expected*, and return it."""

        def fulfilled() -> Json:
            found = self.condition(plural, name, type_)
            return found if found and expected.items() <= found.items() else {}

        what = f"{type_} of {name} to be {expected}"
        return wait_until(fulfilled, what, within_seconds=within_seconds)

    def wait_for_workers(self, count: int, group: str = GROUP) -> set[str]:
        """Wait until a group has exactly *count* workers."""
        self.wait_for(lambda: len(self.workers(group)) == count, f"{count} workers of {group}")
        return self.workers(group)

    def wait_for(self, what: Callable[[], Any], name: str, within_seconds: float = 30) -> Any:
        """Wait until *what* is true, and return it."""
        return wait_until(what, name, within_seconds=within_seconds)

    def scale(self, plural: str, name: str, replicas: int) -> None:
        """Do as kubectl scale does."""
        path = f"{self.path(plural, name)}/scale"
        self.api.patch(path, {"spec": {"replicas": replicas}})

    def set_pod(self, name: str, **status: Any) -> None:
        """Write a Pod's status, as its kubelet does."""
        self.api.patch(f"{self.path('pods', name)}/status", {"status": status})

    def events(self, name: str) -> dict[str, str]:
        """The events of one object: message by reason."""
        found = self.api.list(self.path("events"))
        return {e["reason"]: e["message"] for e in found if e["involvedObject"]["name"] == name}
