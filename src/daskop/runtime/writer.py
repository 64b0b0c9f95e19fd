"""The end of the API server that the runtime writes to."""

from typing import Protocol

from daskop.api.meta import Manifest, NamespacedName
from daskop.api.resources import Resource


class Writer(Protocol):
    """What the runtime needs of the API server; errors are those of ``daskop.errors``."""

    def get(self, resource: Resource, key: NamespacedName) -> Manifest:
        """Read one object from the server, not from a cache."""

    def create(self, resource: Resource, manifest: Manifest) -> Manifest:
        """Create an object."""

    def merge_patch(
        self, resource: Resource, key: NamespacedName, body: Manifest, subresource: str = ""
    ) -> Manifest:
        """Merge *body* into an object; a resourceVersion or uid in it is a precondition."""

    def delete(
        self, resource: Resource, key: NamespacedName, uid: str, resource_version: str = ""
    ) -> Manifest:
        """
        Delete an object if its uid is *uid*, and its version, if one is given, *resource_version*.

        The answer is the object, or a mere ``Status``.
        """
