"""A small API server in memory, with the real one's rules for names, uids, versions and watches."""

import copy
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from daskop.api.meta import Manifest, NamespacedName, WatchEvent
from daskop.api.resources import Resource
from daskop.errors import (
    AlreadyExistsError,
    ConflictError,
    GoneError,
    InvalidError,
    NotFoundError,
)
from tests.unit.fakes.lister_watcher import FakeListerWatcher

Json = dict[str, Any]

FIRST_VERSION = 100
"""As of a server that has run for a while: what came before, it does not know any more."""


class FakeKube:
    """
    Satisfies :class:`daskop.runtime.writer.Writer`.

    Attributes:
        writes: Each write that was asked for, as ``verb name``, in order.
        refuse: Errors to raise instead of a write or a get, by ``verb name``.
        graceful: Whether a delete only marks the object, until :meth:`finish_deletions`.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()  # guards everything below
        self._objects: dict[tuple[str, NamespacedName], Json] = {}
        self._applied: dict[tuple[str, NamespacedName, str], Manifest] = {}
        self._events: list[tuple[int, str, WatchEvent]] = []
        self._version = FIRST_VERSION
        self._oldest = FIRST_VERSION
        self.cuts = 0  # how often all connections were broken
        self.writes: list[str] = []
        self.refuse: dict[str, Exception] = {}
        self.graceful = False

    def lister_watcher(self, resource: Resource) -> FakeListerWatcher:
        """Lists and watches *resource*, as one reflector does."""
        return FakeListerWatcher(self, resource.plural)

    def get(self, resource: Resource, key: NamespacedName) -> Json:
        """Read one object."""
        if f"get {key.name}" in self.refuse:
            raise self.refuse[f"get {key.name}"]
        with self.changed:
            return copy.deepcopy(self._find(resource, key))

    def create(self, resource: Resource, manifest: Manifest) -> Json:
        """Create an object, with a uid and a version; a status is not taken over."""
        metadata = manifest["metadata"]
        key = NamespacedName(metadata["namespace"], metadata["name"])
        with self.changed:
            self._begin("create", key)
            if (resource.plural, key) in self._objects:
                raise AlreadyExistsError(409, "AlreadyExists", f"{key} already exists")
            stored = {k: copy.deepcopy(v) for k, v in manifest.items() if k != "status"}
            stored["metadata"] |= {
                "uid": f"uid-{self._version + 1}",
                "generation": 1,
                "creationTimestamp": "2026-01-01T00:00:00Z",
            }
            self._objects[resource.plural, key] = stored
            return self._publish("ADDED", resource.plural, stored)

    def merge_patch(
        self, resource: Resource, key: NamespacedName, body: Manifest, subresource: str = ""
    ) -> Json:
        """Merge *body*; a version or uid in it must be the stored one's."""
        with self.changed:
            self._begin("patch", key)
            old = self._find(resource, key)
            self._check_preconditions(key, old, body.get("metadata", {}))
            new = copy.deepcopy(old)
            if subresource == "status":
                merge(new, {"status": body.get("status", {})})
            else:
                merge(new, {k: v for k, v in body.items() if k != "status"})
            if new == old:
                return copy.deepcopy(old)
            if new.get("spec") != old.get("spec"):
                new["metadata"]["generation"] += 1
            self._objects[resource.plural, key] = new
            return self._publish("MODIFIED", resource.plural, new)

    def apply(self, resource: Resource, manifest: Manifest, subresource: str = "") -> Json:
        """Merge what is applied now, and remove what was applied before and is not any more."""
        metadata = manifest["metadata"]
        key = NamespacedName(metadata["namespace"], metadata["name"])
        with self.changed:
            if (resource.plural, key) not in self._objects:
                self._applied[resource.plural, key, subresource] = manifest
                return self.create(resource, manifest)
            before = self._applied.get((resource.plural, key, subresource), {})
            self._applied[resource.plural, key, subresource] = manifest
            return self.merge_patch(resource, key, _with_removals(before, manifest), subresource)

    def delete(
        self, resource: Resource, key: NamespacedName, uid: str, resource_version: str = ""
    ) -> Json:
        """Remove an object, or only mark it, if its uid is *uid*."""
        with self.changed:
            self._begin("delete", key)
            stored = self._find(resource, key)
            metadata = stored["metadata"]
            if metadata["uid"] != uid:
                raise ConflictError(409, "Conflict", f"{key} has another uid")
            if resource_version not in {"", metadata["resourceVersion"]}:
                raise ConflictError(409, "Conflict", f"{key} has another version")
            if not self.graceful:
                self._remove(resource.plural, key)
                return {"kind": "Status", "status": "Success"}
            if "deletionTimestamp" not in metadata:
                metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
                self._publish("MODIFIED", resource.plural, stored)
            return copy.deepcopy(stored)

    def delete_collection(self, resource: Resource, namespace: str, label_selector: str) -> None:
        """Remove every object in *namespace* that has the one label of the selector."""
        label, _, value = label_selector.partition("=")
        with self.changed:
            for (plural, key), stored in list(self._objects.items()):
                labels = stored["metadata"].get("labels") or {}
                here = plural == resource.plural and key.namespace == namespace
                if here and labels.get(label) == value:
                    self.delete(resource, key, stored["metadata"]["uid"])

    def finish_deletions(self) -> None:
        """Remove every object that is marked, as kubelets do."""
        with self.changed:
            for (plural, key), stored in list(self._objects.items()):
                if "deletionTimestamp" in stored["metadata"]:
                    self._remove(plural, key)

    def collect_garbage(self) -> None:
        """Remove every object that had owners and has none left, as the garbage collector does."""
        with self.changed:
            while orphans := list(self._orphans()):
                for plural, key in orphans:
                    self._remove(plural, key)

    def compact(self) -> None:
        """Forget every event: a watch can only begin at the version of now."""
        with self.changed:
            self._oldest = self._version
            self._events.clear()

    def restore(self, versions: int) -> None:
        """Begin to count again that many versions ago, as after a restore of etcd."""
        with self.changed:
            self._version -= versions
            self._events = [event for event in self._events if event[0] <= self._version]
            self._oldest = min(self._oldest, self._version)
            for stored in self._objects.values():
                metadata = stored["metadata"]
                known = min(int(metadata["resourceVersion"]), self._version)
                metadata["resourceVersion"] = str(known)
            self.cut()

    def cut(self) -> None:
        """Break the connection of every watch under way."""
        with self.changed:
            self.cuts += 1
            self.changed.notify_all()

    def listed(self, plural: str) -> tuple[list[Json], str]:
        """All objects of a resource, and the version they are of."""
        with self.changed:
            found = [copy.deepcopy(o) for (of, _), o in self._objects.items() if of == plural]
            return found, str(self._version)

    def wait_for_events(
        self, plural: str, version: int, stopped: Callable[[], bool]
    ) -> tuple[list[WatchEvent], int]:
        """
        What happened to a resource after *version*, once there is something, and until when.

        Raises:
            GoneError: If what came after *version* is forgotten.
        """
        with self.changed:
            while True:
                if version < self._oldest:
                    raise GoneError(410, "Expired", f"too old resource version: {version}")
                events = [event for at, of, event in self._events if at > version and of == plural]
                if events or stopped():
                    return events, max(version, self._version)
                self.changed.wait()

    def _begin(self, verb: str, key: NamespacedName) -> None:
        write = f"{verb} {key.name}"
        self.writes.append(write)
        if write in self.refuse:
            raise self.refuse[write]

    def _find(self, resource: Resource, key: NamespacedName) -> Json:
        try:
            return self._objects[resource.plural, key]
        except KeyError:
            raise NotFoundError(404, "NotFound", f"{key} not found") from None

    def _check_preconditions(self, key: NamespacedName, stored: Json, wanted: Manifest) -> None:
        metadata = stored["metadata"]
        if (
            wanted.get("resourceVersion", metadata["resourceVersion"])
            != metadata["resourceVersion"]
        ):
            raise ConflictError(409, "Conflict", f"{key} has been modified")
        if wanted.get("uid", metadata["uid"]) != metadata["uid"]:
            raise InvalidError(422, "Invalid", "metadata.uid: field is immutable")

    def _orphans(self) -> Iterator[tuple[str, NamespacedName]]:
        uids = {stored["metadata"]["uid"] for stored in self._objects.values()}
        for at, stored in self._objects.items():
            owners = {entry["uid"] for entry in stored["metadata"].get("ownerReferences") or ()}
            if owners and not owners & uids:
                yield at

    def _remove(self, plural: str, key: NamespacedName) -> None:
        self._publish("DELETED", plural, self._objects.pop((plural, key)))

    def _publish(self, type_: str, plural: str, stored: Json) -> Json:
        self._version += 1
        stored["metadata"]["resourceVersion"] = str(self._version)
        self._events.append((self._version, plural, WatchEvent(type_, copy.deepcopy(stored))))
        self.changed.notify_all()
        return copy.deepcopy(stored)


def _with_removals(before: Manifest, after: Manifest) -> Json:
    """*after*, with a null for each field that only *before* has."""
    patch: Json = dict.fromkeys(before.keys() - after.keys())
    for field, value in after.items():
        old = before.get(field)
        both = isinstance(value, dict) and isinstance(old, dict)
        patch[field] = _with_removals(old or {}, value) if both else value
    return patch


def merge(target: Json, patch: Manifest) -> None:
    """RFC 7386."""
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict):
            inner = target.get(key)
            target[key] = inner if isinstance(inner, dict) else {}
            merge(target[key], value)
        else:
            target[key] = _without_nulls(value)


def _without_nulls(value: Any) -> Any:
    """A copy without nulls in objects, as the server's patch leaves what stands in a list."""
    if isinstance(value, Mapping):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return [_without_nulls(v) for v in value] if isinstance(value, list) else copy.deepcopy(value)
