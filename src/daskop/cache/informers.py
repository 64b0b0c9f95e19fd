"""The informers of one resource: one for each namespace that is watched, or one for all."""

from collections.abc import Mapping
from typing import Generic

from daskop.api.meta import Manifest
from daskop.cache.informer import Handler, Informer
from daskop.cache.store import Store, V


class Informers(Generic[V]):
    """
    Informers that fill one store.

    Args:
        members: By the namespace that they watch; by an empty string, one that watches all.

    Attributes:
        store: What all of them hold.
    """

    def __init__(self, store: Store[V], members: Mapping[str, Informer[V]]) -> None:
        self.store = store
        self.members = members

    def add_handler(self, handler: Handler[V]) -> None:
        """Call *handler* for each change; to be called before they start."""
        for member in self.members.values():
            member.add_handler(handler)

    def learn(self, manifest: Manifest) -> bool:
        """Store what the server has just answered; false if it should be known already."""
        namespace = manifest["metadata"].get("namespace", "")
        member = self.members.get("") or self.members.get(namespace)
        return member is None or member.learn(manifest)

    def suspect(self) -> None:
        """List anew soon: an object was missed."""
        for member in self.members.values():
            member.suspect()
