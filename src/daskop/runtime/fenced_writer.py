"""The gate before every write: only a leader passes."""

from collections.abc import Callable

from daskop.api.meta import Manifest, NamespacedName
from daskop.api.resources import Resource
from daskop.runtime.writer import Writer


class FencedWriter:
    """
    Satisfies :class:`daskop.runtime.writer.Writer`; *check* raises where nothing may be written.

    A gate is no fence: the process can be stopped between the check and the request, so that
    every write must still be safe under two actors.
    """

    def __init__(self, writer: Writer, check: Callable[[], None]) -> None:
        self._writer = writer
        self._check = check

    def get(self, resource: Resource, key: NamespacedName) -> Manifest:
        """Read one object; a read harms nobody."""
        return self._writer.get(resource, key)

    def create(self, resource: Resource, manifest: Manifest) -> Manifest:
        """Create an object, if we may."""
        self._check()
        return self._writer.create(resource, manifest)

    def merge_patch(
        self, resource: Resource, key: NamespacedName, body: Manifest, subresource: str = ""
    ) -> Manifest:
        """Merge *body* into an object, if we may."""
        self._check()
        return self._writer.merge_patch(resource, key, body, subresource)

    def delete(
        self, resource: Resource, key: NamespacedName, uid: str, resource_version: str = ""
    ) -> Manifest:
        """Delete an object if it is the one that is meant, and if we may."""
        self._check()
        return self._writer.delete(resource, key, uid, resource_version)
