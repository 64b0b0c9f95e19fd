"""A small API server in memory, with the real one's rules for names, uids, versions and watches."""

import copy
import threading
from collections.abc import Callable, Iterator
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

Json = dict[str, Any]

FIRST_VERSION = 100
"""As of a server that has run for a while: what came before, it does not know any more."""

PAGE = 2
"""Objects in one page of a list."""


class FakeKube:
    """
    Satisfies :class:`daskop.runtime.applier.Writer`.

    Attributes:
        writes: Each write that was asked for, as ``verb name``, in order.
        refuse: Errors to raise instead of a write, by ``verb name``.
        graceful: Whether a delete only marks the object, until :meth:`finish_deletions`.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()  # guards everything below
        self._objects: dict[tuple[str, NamespacedName], Json] = {}
        self._events: list[tuple[int, str, WatchEvent]] = []
        self._version = FIRST_VERSION
        self._oldest = FIRST_VERSION
        self.writes: list[str] = []
        self.refuse: dict[str, Exception] = {}
        self.graceful = False

    def lister_watcher(self, resource: Resource) -> "FakeListerWatcher":
        """Lists and watches *resource*, as one reflector does."""
        return FakeListerWatcher(self, resource.plural)

    def get(self, resource: Resource, key: NamespacedName) -> Json:
        """Read one object."""
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
                _merge(new, {"status": body.get("status", {})})
            else:
                _merge(new, {k: v for k, v in body.items() if k != "status"})
            if new == old:
                return copy.deepcopy(old)
            if new.get("spec") != old.get("spec"):
                new["metadata"]["generation"] += 1
            self._objects[resource.plural, key] = new
            return self._publish("MODIFIED", resource.plural, new)

    def delete(self, resource: Resource, key: NamespacedName, uid: str) -> None:
        """Remove an object, or only mark it, if its uid is *uid*."""
        with self.changed:
            self._begin("delete", key)
            stored = self._find(resource, key)
            if stored["metadata"]["uid"] != uid:
                raise ConflictError(409, "Conflict", f"{key} has another uid")
            if not self.graceful:
                self._remove(resource.plural, key)
            elif "deletionTimestamp" not in stored["metadata"]:
                stored["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
                self._publish("MODIFIED", resource.plural, stored)

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
                version = self._version
                if events or stopped():
                    return events, version
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


class FakeListerWatcher:
    """Satisfies :class:`daskop.cache.lister_watcher.ListerWatcher`."""

    def __init__(self, kube: FakeKube, plural: str) -> None:
        self._kube = kube
        self._plural = plural
        self._stopped = False  # set under the server's condition

    def pages(self) -> Iterator[tuple[list[Manifest], str]]:
        """All objects as they are now, a few at a time."""
        found, version = self._kube.listed(self._plural)
        for start in range(0, max(1, len(found)), PAGE):
            yield list(found[start : start + PAGE]), version

    def watch(self, resource_version: str) -> Iterator[WatchEvent]:
        """What changed after that version, until :meth:`stop`."""
        version = int(resource_version)
        while not self._stopped:
            events, version = self._kube.wait_for_events(
                self._plural, version, lambda: self._stopped
            )
            yield from events

    def stop(self) -> None:
        """End the watch under way and every later one."""
        with self._kube.changed:
            self._stopped = True
            self._kube.changed.notify_all()


def _merge(target: Json, patch: Manifest) -> None:
    """RFC 7386."""
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict):
            inner = target.get(key)
            target[key] = inner if isinstance(inner, dict) else {}
            _merge(target[key], value)
        else:
            target[key] = copy.deepcopy(value)
