"""Writes that our own caches learn of at once (docs/decisions/0004)."""

from collections.abc import Container, Mapping
from typing import Protocol

from daskop.api.meta import Manifest, NamespacedName
from daskop.api.resources import Resource
from daskop.runtime.writer import Writer


class Cache(Protocol):
    """The end of an informer that takes in what the server answered."""

    @property
    def store(self) -> Container[object]:
        """The keys of what it shows."""

    def learn(self, manifest: Manifest) -> bool:
        """Store an object that was just read or written; False if it should be stored already."""

    def suspect(self) -> None:
        """Compare the whole with the server's, soon."""


class WriteThrough:
    """
    Satisfies :class:`daskop.runtime.writer.Writer`.

    Args:
        caches: Of the resources that are cached; the others are only passed on.
    """

    def __init__(self, writer: Writer, caches: Mapping[Resource, Cache]) -> None:
        self._writer = writer
        self._caches = caches

    def get(self, resource: Resource, key: NamespacedName) -> Manifest:
        """Read one object; if the cache should show it and does not, it has missed something."""
        cache = self._caches.get(resource)
        shown = cache is not None and key in cache.store
        live = self._writer.get(resource, key)
        # What was shown and is not any more went while it was read: nothing was missed.
        if cache is not None and not cache.learn(live) and not shown:
            cache.suspect()
        return live

    def create(self, resource: Resource, manifest: Manifest) -> Manifest:
        """Create an object."""
        return self._learned(resource, self._writer.create(resource, manifest))

    def merge_patch(
        self, resource: Resource, key: NamespacedName, body: Manifest, subresource: str = ""
    ) -> Manifest:
        """Merge *body* into an object."""
        answer = self._writer.merge_patch(resource, key, body, subresource)
        return self._learned(resource, answer)

    def delete(
        self, resource: Resource, key: NamespacedName, uid: str, resource_version: str = ""
    ) -> Manifest:
        """Delete an object if it is the one that is meant."""
        answer = self._writer.delete(resource, key, uid, resource_version)
        if "deletionTimestamp" in (answer.get("metadata") or {}):  # else it is gone already
            self._learned(resource, answer)
        return answer

    def _learned(self, resource: Resource, answer: Manifest) -> Manifest:
        cache = self._caches.get(resource)
        if cache is not None:
            cache.learn(answer)
        return answer
