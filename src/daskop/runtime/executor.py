"""The second half of every pass: apply the plan, write the status, then tell people."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

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
        try:
            complete = self._applier.apply(plan.actions)
        except REFUSALS as error:
            self._report(resource, view, plan, error)
            raise
        status_after = self._status.write(resource, view.meta, view.status, plan.status)
        for event in plan.events:
            self._recorder.record(resource, view.meta, event)
        if not complete:
            return Result(timedelta(0))
        waits = [wait for wait in (plan.requeue_after, status_after) if wait is not None]
        return Result(min(waits, default=None))

    def _report(self, resource: Resource, view: HasStatus, plan: Plan, error: DaskopError) -> None:
        reason, message = error.condition_reason, str(error)
        self._recorder.record(resource, view.meta, Event(reason, message, warning=True))
        entry = condition(REPLICA_FAILURE, holds=True, reason=reason, message=message)
        wanted = view.status if plan.status is None else plan.status
        generation = view.meta.generation
        status = with_condition(wanted, entry, view.status, generation, self.now())
        with suppress(DaskopError):  # the refusal is what the caller has to know
            self._status.write(resource, view.meta, view.status, status)
