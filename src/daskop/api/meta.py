"""
Identity: keys, owners, and the part of ``metadata`` that decisions rest on.

All of them are tuples with names: several are made for each event of a watch, which takes a third
of the time that frozen dataclasses take.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

from daskop.api.wellknown import API_VERSION

Manifest: TypeAlias = Mapping[str, Any]
"""A Kubernetes object, or a part of one, as decoded JSON. Never changed in place."""


class NamespacedName(NamedTuple):
    """The key of one object of a known kind, and the item of a work queue."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class WatchEvent(NamedTuple):
    """One event of a watch; *type* is ADDED, MODIFIED, DELETED or BOOKMARK."""

    type: str
    object: Manifest


class OwnerReference(NamedTuple):
    """One entry of ``metadata.ownerReferences``; of the kinds that we own, the version is one."""

    kind: str
    name: str
    uid: str
    controller: bool = True

    @classmethod
    def parse(cls, raw: Manifest) -> "OwnerReference":
        """Read one entry."""
        return cls(raw["kind"], raw["name"], raw["uid"], bool(raw.get("controller")))

    def manifest(self) -> dict[str, Any]:
        """The entry for an owner of our own API group."""
        return {
            "apiVersion": API_VERSION,
            "kind": self.kind,
            "name": self.name,
            "uid": self.uid,
            "controller": self.controller,
            "blockOwnerDeletion": True,
        }


class Meta(NamedTuple):
    """
    The part of ``metadata`` that decisions rest on.

    Attributes:
        created: ``creationTimestamp`` as written (RFC 3339 in UTC, so text order is time order).
        deleting: Whether ``deletionTimestamp`` is set.
    """

    key: NamespacedName
    uid: str
    resource_version: str
    generation: int = 0
    created: str = ""
    deleting: bool = False
    owners: tuple[OwnerReference, ...] = ()

    @classmethod
    def parse(cls, manifest: Manifest) -> "Meta":
        """Read the metadata of *manifest*, an object that came from the API server."""
        raw = manifest["metadata"]
        return cls(  # by position: with names it takes twice as long
            NamespacedName(raw.get("namespace", ""), raw["name"]),
            raw["uid"],
            raw["resourceVersion"],
            raw.get("generation", 0),
            raw.get("creationTimestamp", ""),
            "deletionTimestamp" in raw,
            tuple([OwnerReference.parse(owner) for owner in raw.get("ownerReferences") or ()]),
        )

    @property
    def controller(self) -> OwnerReference | None:
        """The owner that manages the object, if it has one."""
        for owner in self.owners:
            if owner.controller:
                return owner
        return None

    def controlled_by(self, uid: str) -> bool:
        """Whether the object with this *uid* manages this one. Labels never make a child."""
        return self.controller is not None and self.controller.uid == uid

    def owned_by(self, uid: str) -> bool:
        """Whether this object goes when the object with this *uid* goes."""
        return any(owner.uid == uid for owner in self.owners)


class HasMeta(Protocol):
    """Any view of an object that a store can hold."""

    @property
    def meta(self) -> Meta:
        """The object's identity."""
