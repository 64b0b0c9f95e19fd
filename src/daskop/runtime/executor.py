"""The second half of every pass: apply the plan, write the status, then tell people."""

from datetime import datetime, timedelta
from typing import Any, Protocol

from daskop.api.conditions import condition, with_condition
from daskop.api.meta import HasMeta, Manifest, Meta
from daskop.api.resources import Resource
from daskop.api.wellknown import REPLICA_FAILURE
from daskop.clock import Clock
from daskop.errors import REFUSALS, DaskopError
from daskop.plan.actions import Event, Plan
from daskop.runtime.applier import Applier
from daskop.runtime.reconciler import Result
from daskop.runtime.status import StatusWriter


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

    def execute(self, resource: Resource, view: HasStatus, plan: Plan) -> Result:
        """
        Carry out *plan* for the object that *view* is of.

        Raises:
            DaskopError: If a write failed; the writes after it were not begun. What people have to
                mend is told by a condition and an event before.
        """
        complete, refusal = True, None
        status, events = plan.status, plan.events
        try:
            complete = self._applier.apply(plan.actions)
        except REFUSALS as error:
            refusal = error
            status = self._with_refusal(view, plan, error)
            events = (Event(error.condition_reason, str(error), warning=True),)
        # After the writes, so that a crash in between is seen by the next pass as work undone; and
        # also after a refusal, which people learn of here.
        status_after = self._status.write(resource, view.meta, view.status, status)
        for event in events:
            self._recorder.record(resource, view.meta, event)
        if refusal is not None:
            raise refusal
        if not complete:
            return Result(timedelta(0))
        waits = [wait for wait in (plan.requeue_after, status_after) if wait is not None]
        return Result(min(waits, default=None))

    def _with_refusal(self, view: HasStatus, plan: Plan, error: DaskopError) -> dict[str, Any]:
        """The status to store: what the plan says, and what came of it."""
        wanted = view.status if plan.status is None else plan.status
        entry = condition(
            REPLICA_FAILURE, holds=True, reason=error.condition_reason, message=str(error)
        )
        return with_condition(wanted, entry, view.status, view.meta.generation, self.now())
