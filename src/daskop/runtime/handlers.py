"""From a changed object to the keys that need a pass."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from daskop.api.meta import HasMeta, NamespacedName
from daskop.api.quota import Quota, makes_room
from daskop.cache.informer import Change, Handler
from daskop.cache.store import V
from daskop.workqueue.queue import Priority

ADMISSION_SECONDS = 1.0
"""The API server's admission learns of a quota's change by a watch of its own, as we do."""


class Adder(Protocol):
    """The end of a work queue that handlers see."""

    def add(self, item: NamespacedName, priority: Priority) -> None:
        """Mark *item* as in need of a pass."""


class Retrier(Protocol):
    """The end of a work queue that counts failures."""

    def forget(self, item: NamespacedName) -> None:
        """Begin anew with the back-off of *item*."""

    def add_after(self, item: NamespacedName, seconds: float) -> None:
        """Mark *item* as in need of a pass in so many *seconds*."""


def enqueue_self(queue: Adder) -> Handler[HasMeta]:
    """The object itself."""
    return enqueue_related(queue, lambda view: (view.meta.key,))


def enqueue_owner(queue: Adder, kind: str) -> Handler[HasMeta]:
    """The object of *kind* that controls it: by name, so that a new owner of it learns too."""

    def handle(change: Change[HasMeta]) -> None:
        old, new = change.old, change.new
        if old is not None and new is not None and old.meta.owners == new.meta.owners:
            old = None  # the most frequent change of all
        priority = _priority(change)
        # The owner that it had has to make up for it, the one that it has has to count it.
        for view in (new, old):
            controller = view.meta.controller if view is not None else None
            if view is not None and controller is not None and controller.kind == kind:
                queue.add(NamespacedName(view.meta.key.namespace, controller.name), priority)

    return handle


def enqueue_related(queue: Adder, related: Callable[[V], Iterable[NamespacedName]]) -> Handler[V]:
    """Every key that *related* names, for what the object is and for what it was."""

    def handle(change: Change[V]) -> None:
        priority = _priority(change)
        for key in dict.fromkeys(key for view in change.views for key in related(view)):
            queue.add(key, priority)

    return handle


def enqueue_refused(
    queue: Retrier, refused: Callable[[str], Iterable[NamespacedName]]
) -> Handler[Quota]:
    """Once a quota has more room: every key of its namespace that *refused* names."""

    def handle(change: Change[Quota]) -> None:
        if not makes_room(change.old, change.new):
            return
        for key in refused(change.views[0].meta.key.namespace):
            queue.forget(key)
            queue.add_after(key, ADMISSION_SECONDS)

    return handle


def _priority(change: Change[Any]) -> Priority:
    """What a full list brings is old news."""
    return Priority.LOW if change.listed else Priority.NORMAL
