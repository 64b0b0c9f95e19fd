"""The second half of every pass: apply the plan, then write the status."""

from datetime import datetime
from typing import Protocol

from daskop.api.meta import HasMeta, Manifest
from daskop.api.resources import Resource
from daskop.clock import Clock
from daskop.plan.actions import Plan
from daskop.runtime.applier import Applier
from daskop.runtime.reconciler import Result
from daskop.runtime.status import StatusWriter


class HasStatus(HasMeta, Protocol):
    """The view of an object that has a status."""

    @property
    def status(self) -> Manifest:
        """As stored."""


class PlanExecutor:
    """What all reconcilers share: a clock to plan by, and the way a plan is carried out."""

    def __init__(self, applier: Applier, status: StatusWriter, clock: Clock) -> None:
        self._applier = applier
        self._status = status
        self._clock = clock

    def now(self) -> datetime:
        """The time that a plan is made at."""
        return self._clock.now()

    def execute(self, resource: Resource, view: HasStatus, plan: Plan) -> Result:
        """
        Carry out *plan* for the object that *view* is of.

        Raises:
            DaskopError: If a write failed; the writes after it were not begun.
        """
        self._applier.apply(plan.actions)
        self._status.write(resource, view.meta, view.status, plan.status)
        return Result(plan.requeue_after)
