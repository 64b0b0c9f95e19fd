"""From a changed object to the keys that need a pass."""

from collections.abc import Callable, Iterable
from typing import Protocol

from daskop.api.meta import HasMeta, NamespacedName
from daskop.cache.informer import Change, Handler
from daskop.cache.store import V
from daskop.workqueue.queue import Priority


class Adder(Protocol):
    """The end of a work queue that handlers see."""

    def add(self, item: NamespacedName, priority: Priority) -> None:
        """Mark *item* as in need of a pass."""


def enqueue_self(queue: Adder) -> Handler[HasMeta]:
    """The object itself."""
    return enqueue_related(queue, lambda view: (view.meta.key,))


def enqueue_owner(queue: Adder, kind: str) -> Handler[HasMeta]:
    """The object of *kind* that controls it: by name, so that a new owner of it learns too."""

    def owner(view: HasMeta) -> Iterable[NamespacedName]:
        controller = view.meta.controller
        if controller is not None and controller.kind == kind:
            yield NamespacedName(view.meta.key.namespace, controller.name)

    return enqueue_related(queue, owner)


def enqueue_related(queue: Adder, related: Callable[[V], Iterable[NamespacedName]]) -> Handler[V]:
    """Every key that *related* names, for what the object is and for what it was."""

    def handle(change: Change[V]) -> None:
        priority = Priority.LOW if change.listed else Priority.NORMAL
        for key in dict.fromkeys(key for view in change.views for key in related(view)):
            queue.add(key, priority)

    return handle
