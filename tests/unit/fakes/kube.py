"""A small API server in memory, with the real one's rules for names, uids and versions."""

import copy
import threading
from typing import Any

from daskop.api.meta import Manifest, NamespacedName
from daskop.api.resources import Resource
from daskop.errors import AlreadyExistsError, ConflictError, NotFoundError

Json = dict[str, Any]


class FakeKube:
    """
    Satisfies :class:`daskop.runtime.applier.Writer`.

    Attributes:
        writes: Each write that was asked for, as ``verb name``, in order.
        refuse: Errors to raise instead of a write, by ``verb name``.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards everything below
        self._objects: dict[tuple[str, NamespacedName], Json] = {}
        self._version = 0
        self.writes: list[str] = []
        self.refuse: dict[str, Exception] = {}

    def get(self, resource: Resource, key: NamespacedName) -> Json:
        """Read one object."""
        with self._lock:
            return copy.deepcopy(self._find(resource, key))

    def create(self, resource: Resource, manifest: Manifest) -> Json:
        """Create an object, with a uid and a version."""
        metadata = manifest["metadata"]
        key = NamespacedName(metadata["namespace"], metadata["name"])
        with self._lock:
            self._begin("create", key)
            if (resource.plural, key) in self._objects:
                raise AlreadyExistsError(409, "AlreadyExists", f"{key} already exists")
            stored = copy.deepcopy(dict(manifest))
            stored["metadata"]["uid"] = f"uid-{self._version + 1}"
            self._objects[resource.plural, key] = stored
            return self._touch(stored)

    def merge_patch(
        self, resource: Resource, key: NamespacedName, body: Manifest, subresource: str = ""
    ) -> Json:
        """Merge *body*; a version or uid in it must be the stored one's."""
        with self._lock:
            self._begin("patch", key)
            stored = self._find(resource, key)
            for field in ("uid", "resourceVersion"):
                wanted = body.get("metadata", {}).get(field)
                if wanted not in {None, stored["metadata"][field]}:
                    raise ConflictError(409, "Conflict", f"{key} has been modified")
            part = {"status": body.get("status", {})} if subresource == "status" else body
            _merge(stored, part)
            return self._touch(stored)

    def delete(self, resource: Resource, key: NamespacedName, uid: str) -> None:
        """Remove an object if its uid is *uid*."""
        with self._lock:
            self._begin("delete", key)
            if self._find(resource, key)["metadata"]["uid"] != uid:
                raise ConflictError(409, "Conflict", f"{key} has another uid")
            del self._objects[resource.plural, key]

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

    def _touch(self, stored: Json) -> Json:
        self._version += 1
        stored["metadata"]["resourceVersion"] = str(self._version)
        return copy.deepcopy(stored)


def _merge(target: Json, patch: Manifest) -> None:
    """RFC 7386."""
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = copy.deepcopy(value)
