"""Carries out plans: the only writer of anything but status."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, assert_never

import structlog

from daskop.api.meta import Manifest, Meta, NamespacedName
from daskop.api.resources import Resource
from daskop.errors import (
    AlreadyExistsError,
    ConflictError,
    DaskopError,
    NameTakenError,
    NotFoundError,
)
from daskop.plan.actions import Action, Create, Delete, Join, Patch

log = structlog.get_logger(__name__)


class Writer(Protocol):
    """What the applier needs of the API server; errors are those of ``daskop.errors``."""

    def get(self, resource: Resource, key: NamespacedName) -> Manifest:
        """Read one object from the server, not from a cache."""

    def create(self, resource: Resource, manifest: Manifest) -> Manifest:
        """Create an object."""

    def merge_patch(
        self, resource: Resource, key: NamespacedName, body: Manifest, subresource: str = ""
    ) -> Manifest:
        """Merge *body* into an object; a resourceVersion or uid in it is a precondition."""

    def delete(self, resource: Resource, key: NamespacedName, uid: str) -> None:
        """Delete an object if its uid is *uid*."""


class Applier:
    """
    Writes what plans say, several requests at a time.

    All passes share one pool of *parallel* requests, so that their number is bounded whatever
    the number of worker threads.
    """

    def __init__(self, writer: Writer, parallel: int) -> None:
        self._writer = writer
        self._pool = ThreadPoolExecutor(parallel, thread_name_prefix="applier")

    def stop(self) -> None:
        """Finish the requests under way and end the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def apply(self, actions: Sequence[Action]) -> None:
        """
        Carry out *actions* in batches of 1, 2, 4, …: what is refused once is not asked 100 times.

        Raises:
            DaskopError: The first failure; the batches after it were not begun.
        """
        size = 1
        begun = 0
        while begun < len(actions):
            batch = actions[begun : begun + size]
            failures = [f for f in self._pool.map(self._attempt, batch) if f is not None]
            if failures:
                raise failures[0]
            begun += len(batch)
            size *= 2
        if actions:
            log.info("plan_applied", **_summary(actions))

    def _attempt(self, action: Action) -> DaskopError | None:
        try:
            self._carry_out(action)
        except DaskopError as error:
            return error
        return None

    def _carry_out(self, action: Action) -> None:
        match action:
            case Create():
                self._create(action)
            case Delete(resource, key, uid):
                self._delete(resource, key, uid)
            case Patch(resource, meta, body):
                self._patch(resource, meta, body)
            case Join():
                self._join(action)
            case _:
                assert_never(action)

    def _create(self, action: Create) -> None:
        try:
            self._writer.create(action.resource, action.manifest)
        except AlreadyExistsError:
            live = Meta.parse(self._writer.get(action.resource, action.key))
            if not live.controlled_by(action.owner):
                kind = action.resource.kind
                raise NameTakenError(f"{kind} {action.key} belongs to another owner") from None

    def _delete(self, resource: Resource, key: NamespacedName, uid: str) -> None:
        try:
            self._writer.delete(resource, key, uid)
        except (NotFoundError, ConflictError):
            return  # gone already, or gone and made anew: either way not there any more

    def _patch(self, resource: Resource, meta: Meta, body: Manifest) -> None:
        read = {"uid": meta.uid, "resourceVersion": meta.resource_version}
        metadata = {**body.get("metadata", {}), **read}
        self._writer.merge_patch(resource, meta.key, {**body, "metadata": metadata})

    def _join(self, action: Join) -> None:
        key = NamespacedName(action.meta.key.namespace, action.owner.name)
        owner = Meta.parse(self._writer.get(action.owner_resource, key))
        if owner.uid != action.owner.uid or owner.deleting:
            raise ConflictError(409, "Conflict", f"{action.owner.kind} {key} is another one by now")
        live = self._writer.get(action.resource, action.meta.key)
        references = live["metadata"].get("ownerReferences") or []
        body = {"metadata": {"ownerReferences": [*references, action.owner.manifest()]}}
        self._patch(action.resource, action.meta, body)


def _summary(actions: Sequence[Action]) -> dict[str, int]:
    """How many of what, e.g. ``{"create_pods": 3}``."""
    counts: dict[str, int] = {}
    for action in actions:
        name = f"{type(action).__name__.lower()}_{action.resource.plural}"
        counts[name] = counts.get(name, 0) + 1
    return counts
