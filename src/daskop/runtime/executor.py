"""The second half of every pass: apply the plan, write the status, then tell people."""

from datetime import datetime, timedelta
from typing import Any, Protocol

from daskop.api.meta import HasMeta, Manifest, Meta, NamespacedName
from daskop.api.resources import Resource
from daskop.clock import Clock
from daskop.errors import (
    TOLD,
    DaskopError,
    ForbiddenError,
    NotFoundError,
    OutdatedSchemaError,
)
from daskop.plan.actions import Event, Plan
from daskop.plan.refusal import refused_status
from daskop.runtime.applier import Applier
from daskop.runtime.reconciler import Result
from daskop.runtime.status import StatusWriter

LATE = timedelta(seconds=1)
"""When to look again if the cache was late: a moment is what it needs."""


class HasStatus(HasMeta, Protocol):
    """The view of an object that has a status."""

    @property
    def status(self) -> Manifest:
        """As stored."""


class Recorder(Protocol):
    """Takes events, and never blocks."""

    def record(self, resource: Resource, meta: Meta, event: Event) -> None:
        """Tell people *event* of the object that *meta* is of."""


class PlanExecutor:
    """What all reconcilers share: a clock to plan by, and the way a plan is carried out."""

    def __init__(
        self, applier: Applier, status: StatusWriter, recorder: Recorder, clock: Clock
    ) -> None:
        self._applier = applier
        self._status = status
        self._recorder = recorder
        self._clock = clock

    def now(self) -> datetime:
        """The time that a plan is made at."""
        return self._clock.now()

    def live(self, resource: Resource, key: NamespacedName) -> Manifest | None:
        """Read one object past the caches; None if there is none."""
        return self._applier.live(resource, key)

    def execute(self, resource: Resource, view: HasStatus, plan: Plan) -> Result:
        """
        Carry out *plan* for the object that *view* is of.

        Raises:
            DaskopError: If a write failed; the writes after it were not begun. What people have to
                mend is told by a condition and an event before.
        """
        complete, refusal = True, None
        status = plan.status
        try:
            # A cache that is late would make anew what the garbage collector takes from an owner
            # that is gone, pass after pass, or delete workers that are wanted by now.
            if plan.actions and not self._is_current(resource, view.meta):
                return Result(LATE)
            complete = self._applier.apply(plan.actions)
        except TOLD as error:
            refusal = error
            status = self._refused(view, plan, error)
        # After the writes, so that a crash in between is seen by the next pass as work undone; and
        # also after a refusal, which people learn of here.
        try:
            status_after = self._status.write(resource, view.meta, view.status, status)
        except NotFoundError:
            return Result()  # it went meanwhile, and with it all that was to be said of it
        except (ForbiddenError, OutdatedSchemaError) as error:
            # No condition can say so: whoever asks why nothing is said finds an event.
            stored = isinstance(error, OutdatedSchemaError)
            told = (*self._events(plan, refusal, stored=stored), _warning(error))
            self._tell(resource, view.meta, told)
            raise
        self._tell(resource, view.meta, self._events(plan, refusal, stored=status_after is None))
        waits = [wait for wait in (plan.requeue_after, status_after) if wait is not None]
        wait = min(waits, default=None)
        if refusal is not None:
            refusal.look_again_seconds = wait.total_seconds() if wait is not None else None
            raise refusal
        return Result(wait if complete else timedelta(0))

    def _is_current(self, resource: Resource, seen: Meta) -> bool:
        """Whether the object stands as it was *seen*, and stays."""
        live = self.live(resource, seen.key)
        if live is None:
            return False
        meta = Meta.parse(live)
        same = (meta.uid, meta.generation) == (seen.uid, seen.generation)
        return same and not meta.deleting

    def _events(
        self, plan: Plan, refusal: DaskopError | None, *, stored: bool
    ) -> tuple[Event, ...]:
        told = plan.events if stored else ()
        if refusal is None:
            return told
        return (*told, _warning(refusal))

    def _tell(self, resource: Resource, meta: Meta, events: tuple[Event, ...]) -> None:
        for event in events:
            self._recorder.record(resource, meta, event)

    def _refused(self, view: HasStatus, plan: Plan, error: DaskopError) -> dict[str, Any]:
        """The status to store: what the plan says, and what came of it."""
        planned = view.status if plan.status is None else plan.status
        reason, generation = error.condition_reason, view.meta.generation
        return refused_status(planned, view.status, reason, str(error), generation, self.now())


def _warning(error: DaskopError) -> Event:
    return Event(error.condition_reason, str(error), warning=True)
