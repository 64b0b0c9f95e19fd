"""The outcome of a pass as data: what to write, and what to say."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias

from daskop.api.meta import Manifest, Meta, NamespacedName, OwnerReference
from daskop.api.resources import Resource


@dataclass(frozen=True, slots=True)
class Create:
    """
    Create *manifest*; done as well if an object of that name is there and *owner* controls it.

    Attributes:
        owner: The uid of the owner that the object names as its controller.
        instead: Makes the action to carry out if somebody else's object has the name.
    """

    resource: Resource
    manifest: Manifest
    owner: str
    instead: "Callable[[], Create] | None" = field(default=None, compare=False)

    @property
    def key(self) -> NamespacedName:
        """The object's key."""
        metadata = self.manifest["metadata"]
        return NamespacedName(metadata["namespace"], metadata["name"])


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the object *key*, if its uid still is *uid*, and with a *version* only at that one."""

    resource: Resource
    key: NamespacedName
    uid: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Patch:
    """Merge *body* into the object that *meta* is of, if it did not change since it was read."""

    resource: Resource
    meta: Meta
    body: Manifest


@dataclass(frozen=True, slots=True)
class Join:
    """
    Add *owner* to the owners of the object that *meta* is of, so that it goes with it.

    The owner is read afresh before: a reference to one that is gone would have the garbage
    collector delete the object at once.
    """

    resource: Resource
    meta: Meta
    owner_resource: Resource
    owner: OwnerReference


Action: TypeAlias = Create | Delete | Patch | Join


@dataclass(frozen=True, slots=True)
class Event:
    """
    What to tell people about the object of the pass, once the writes are done.

    Attributes:
        reason: One CamelCase word of a closed set, for machines.
        message: A sentence in the past tense.
        warning: Whether somebody may have to act.
    """

    reason: str
    message: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """
    The outcome of one pass.

    Attributes:
        actions: The writes, in the order in which they are begun.
        status: The whole ``status`` to store; None leaves it as it is.
        events: Told once the status that they come from is stored, so that a pass which cannot
            store it leaves them to the next one.
        requeue_after: When to look again although nothing changed.
    """

    actions: tuple[Action, ...] = ()
    status: dict[str, Any] | None = None
    events: tuple[Event, ...] = ()
    requeue_after: timedelta | None = None


MAX_ACTIONS = 100
"""Writes in one pass: then the key goes behind all that wait, so that others get their turn."""

LOOK_AGAIN = timedelta(seconds=5)
"""While an object that is not ours stands under a name we need: its going may not be seen."""
