"""A desk: an executor, the server that it writes to, and what it told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from daskop.api.meta import Manifest, Meta
from daskop.api.resources import CLUSTERS, Resource
from daskop.plan.actions import Event, Plan
from daskop.runtime.applier import Applier
from daskop.runtime.executor import PlanExecutor
from daskop.runtime.reconciler import Result
from daskop.runtime.status import StatusWriter
from tests.unit.builders import key
from tests.unit.fakes.clock import SteppedClock
from tests.unit.fakes.kube import FakeKube


@dataclass(frozen=True)
class View:
    """An object with a status."""

    meta: Meta
    status: Manifest


class Desk:
    """
    An executor at work on one cluster.

    Attributes:
        told: Each event.
        written: After how many writes it was told.
    """

    def __init__(self, applier: Applier, kube: FakeKube) -> None:
        self.kube, self.clock = kube, SteppedClock()
        self.told: list[Event] = []
        self.written: list[int] = []
        kube.create(CLUSTERS, {"metadata": {"name": "c", "namespace": "ns"}})
        kube.writes.clear()
        self._executor = PlanExecutor(applier, StatusWriter(kube, self.clock), self, self.clock)

    def record(self, _resource: Resource, _meta: Meta, event: Event) -> None:
        """Note an event, in the recorder's place."""
        self.told.append(event)
        self.written.append(len(self.kube.writes))

    def view(self) -> View:
        """The cluster as it is stored."""
        stored = self.kube.get(CLUSTERS, key("c"))
        return View(Meta.parse(stored), stored.get("status", {}))

    def execute(self, plan: Plan, view: View | None = None) -> Result:
        """Carry out a plan for the cluster, a moment after the last one."""
        self.clock.step(0.25)
        return self._executor.execute(CLUSTERS, view or self.view(), plan)


@contextmanager
def a_desk() -> Iterator[Desk]:
    """A desk whose applier ends with the block."""
    kube = FakeKube()
    applier = Applier(kube, parallel=2)
    try:
        yield Desk(applier, kube)
    finally:
        applier.stop()
