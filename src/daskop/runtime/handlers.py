"""From a changed object to the keys that need a pass."""

from collections.abc import Callable, Iterable
from typing import Protocol

from daskop.api.meta import HasMeta, NamespacedName
from daskop.cache.informer import Handler
from daskop.cache.store import V


class Adder(Protocol):
    """The end of a work queue that handlers see."""

    def add(self, item: NamespacedName) -> None:
        """Mark *item* as in need of a pass."""


def enqueue_self(queue: Adder) -> Handler[HasMeta]:
    """The object itself."""
    return lambda view: queue.add(view.meta.key)


def enqueue_owner(queue: Adder, kind: str) -> Handler[HasMeta]:
    """The object of *kind* that controls it: by name, so that a new owner of it learns too."""

    def handle(view: HasMeta) -> None:
        owner = view.meta.controller
        if owner is not None and owner.kind == kind:
            queue.add(NamespacedName(view.meta.key.namespace, owner.name))

    return handle


def enqueue_related(queue: Adder, related: Callable[[V], Iterable[NamespacedName]]) -> Handler[V]:
    """Every key that *related* names."""

    def handle(view: V) -> None:
        for key in related(view):
            queue.add(key)

    return handle
