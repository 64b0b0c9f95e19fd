"""Carries out plans: the only writer of anything but status, leases and events."""

import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import assert_never

import structlog

from daskop.api.meta import Manifest, Meta, NamespacedName
from daskop.api.resources import Resource
from daskop.errors import (
    AlreadyExistsError,
    ConflictError,
    NamespaceTerminatingError,
    NameTakenError,
    NotFoundError,
)
from daskop.plan.actions import MAX_ACTIONS, Action, Create, Delete, Join, Patch
from daskop.runtime.writer import Writer

log = structlog.get_logger(__name__)


class Applier:
    """
    Writes what plans say, several requests at a time.

    All passes share one pool of *parallel* requests, so that their number is bounded whatever
    the number of worker threads.
    """

    def __init__(self, writer: Writer, parallel: int) -> None:
        self._writer = writer
        self._parallel = parallel
        self._pool = ThreadPoolExecutor(parallel, thread_name_prefix="applier")
        self._ending = threading.Event()

    def end(self) -> None:
        """Begin no more requests: a plan under way returns with the rest of it left."""
        self._ending.set()

    def stop(self) -> None:
        """Finish the requests under way and end the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def live(self, resource: Resource, key: NamespacedName) -> Manifest | None:
        """Read one object past the caches; None if there is none."""
        try:
            return self._writer.get(resource, key)
        except NotFoundError:
            return None

    def apply(self, actions: Sequence[Action]) -> bool:
        """
        Carry out the first 100 of *actions*, and return whether those were all, and were begun.

        They are begun in their order, one at first, and for each that succeeds one more at the
        same time: what is refused once is not asked a hundred times.

        Raises:
            DaskopError: The failure that comes first; what was not begun is not begun any more.
        """
        # As TCP opens its window: 1, 2, 4, then as many as the pool has threads. client-go's slow
        # start waits for whole batches; here at most one pool's worth of requests is in vain.
        left = iter(actions[:MAX_ACTIONS])
        begun: list[Future[None]] = []
        under_way: set[Future[None]] = set()
        allowed, failed = 1, False
        while True:
            enough = failed or self._ending.is_set()
            free = 0 if enough else min(allowed, self._parallel) - len(under_way)
            more = [self._pool.submit(self._attempt, action) for action in islice(left, free)]
            begun += more
            under_way.update(more)
            if not under_way:
                break
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            failed = failed or any(future.exception() for future in done)
            allowed += len(done)
        # Of several the one that comes first in the plan: the next pass meets it again, and says
        # the same. Another one each time would be another status, and another pass for it.
        failure = next(filter(None, (future.exception() for future in begun)), None)
        if isinstance(failure, NamespaceTerminatingError):
            return True  # all that is there goes, and the owner with it
        if failure:
            raise failure
        if begun:
            log.info("plan_applied", **_summary(actions[: len(begun)]))
        return len(begun) == len(actions)

    def _attempt(self, action: Action) -> None:
        match action:
            case Create():
                self._create(action)
            case Delete():
                self._delete(action)
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
            # An earlier create whose answer was lost, a stale cache, a second leader: by its owner.
            live = self._writer.get(action.resource, action.key)
            if Meta.parse(live).controlled_by(action.owner):
                self._mend_labels(action, live)
            elif action.instead is not None:
                self._create(action.instead())
            else:
                kind = action.resource.kind
                raise NameTakenError(
                    f"{kind} {action.key} exists already, and is not ours"
                ) from None

    def _mend_labels(self, action: Create, live: Manifest) -> None:
        """Put back labels without which our own object is hidden from our watches."""
        labels, found = (o["metadata"].get("labels") or {} for o in (action.manifest, live))
        lost = {name: value for name, value in labels.items() if found.get(name) != value}
        if lost:
            self._patch(action.resource, Meta.parse(live), {"metadata": {"labels": lost}})

    def _delete(self, action: Delete) -> None:
        try:
            self._writer.delete(action.resource, action.key, action.uid, action.version)
        except NotFoundError:
            return
        except ConflictError:
            # It is gone, and was perhaps made anew; or it has changed, and the pass is made again.
            there = self.live(action.resource, action.key)
            if there is not None and Meta.parse(there).uid == action.uid:
                raise

    def _patch(self, resource: Resource, meta: Meta, body: Manifest) -> None:
        read = {"uid": meta.uid, "resourceVersion": meta.resource_version}
        metadata = {**body.get("metadata", {}), **read}
        self._writer.merge_patch(resource, meta.key, {**body, "metadata": metadata})

    def _join(self, action: Join) -> None:
        key = NamespacedName(action.meta.key.namespace, action.owner.name)
        # Past the cache: the garbage collector deletes an object whose owner it does not find.
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
