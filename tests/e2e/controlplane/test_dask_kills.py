"""SIGKILL at every write in the life of Dask objects: all ends as without."""

from http import HTTPStatus
from typing import Final

import pytest

from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.controlplane.dask import Dask
from tests.e2e.controlplane.dask_life import END, LIFE, PODS_MADE, WRITES, Step
from tests.e2e.controlplane.dask_picture import picture, settle
from tests.e2e.controlplane.operator_process import OperatorProcess
from tests.e2e.controlplane.quiet import Quiet
from tests.e2e.faults.faults import BlackHole, LoseAnswer
from tests.e2e.faults.proxy import FaultProxy
from tests.e2e.faults.request import Seen
from tests.e2e.faults.rules import Match, Rule
from tests.e2e.faults.weather import Kind

WRITE: Final = "create|patch|update|delete"

STEPS: Final = (*LIFE, *END)
EVENTS: Final = {("create", "events")}
"""Nobody makes up for those."""

STEP_SECONDS: Final = 60.0
REST_SECONDS: Final = 2.0


class Killer:
    """
    Kills an operator at each of its writes in one *namespace*, and starts it again each time.

    Args:
        before: Whether it dies before the write takes effect. The next one may then write that,
            and dies at what comes after it.

    Attributes:
        kills: How often.
    """

    def __init__(
        self, operator: OperatorProcess, proxy: FaultProxy, namespace: str, *, before: bool
    ) -> None:
        self.kills = 0
        self._operator = operator
        self._proxy = proxy
        self._namespace = namespace
        self._before = before

    def arm(self, passing: int = 0) -> None:
        """Let so many writes pass, and see to it that there are no more than that."""
        self._proxy.clear()
        self._passing = passing if self._before else 1
        self._seen = len(self._writes())
        if not self._before:
            self._proxy.add(Rule(Match(WRITE, namespace=self._namespace), LoseAnswer(), times=1))
        nth = self._passing + 1 if self._before else 1
        self._proxy.add(Rule(Match(WRITE, namespace=self._namespace, nth=nth), BlackHole()))

    def strike(self) -> None:
        """Kill the operator if it is time."""
        writes = self._writes()[self._seen :]
        passed, held = writes[: self._passing], writes[self._passing :]
        doomed = held if self._before else passed
        if not doomed or not all(write.code for write in passed):
            return
        self._operator.kill()
        self.kills += 1
        self.arm(passing=1)
        self._operator.start()

    def written(self) -> list[Kind]:
        """The kinds of all writes that took effect."""
        done = [write for write in self._writes() if write.code < HTTPStatus.BAD_REQUEST]
        return [(write.verb, write.full_resource) for write in done if write.code]

    def _writes(self) -> list[Seen]:
        return self._proxy.seen(WRITE, namespace=self._namespace)


@pytest.mark.timeout(300, func_only=True)
@pytest.mark.parametrize("before", [False, True], ids=["after", "before"])
def test_killed_at_each_write(
    control_plane: ControlPlane,
    dask: Dask,
    operator_proxy: FaultProxy,
    proxied_operator: OperatorProcess,
    before: bool,
) -> None:
    """
    Killed after each write of a whole life, or before the next, it reaches what it reaches without.
    """
    killer = Killer(proxied_operator, operator_proxy, dask.namespace, before=before)
    for step in STEPS:
        if step is END[0]:
            assert PODS_MADE == killer.written().count(("create", "pods"))
        killer.arm()
        step.act(dask)
        live(dask, killer, step)
    written = killer.written()
    operator_proxy.clear()
    dask.wait_for(Quiet(control_plane, dask.namespace, REST_SECONDS), "rest")

    assert {} == picture(dask)
    assert WRITES - EVENTS <= set(written)
    # One of each process; the last one of a step is not killed if nothing comes after its write.
    assert len(written) <= killer.kills + len(STEPS)


def live(dask: Dask, killer: Killer, step: Step) -> None:
    """Kill until all is as wanted."""

    def reached() -> bool:
        killer.strike()
        return picture(dask) == step.wanted

    try:
        dask.wait_for(reached, "all as wanted", STEP_SECONDS)
    except TimeoutError:
        settle(dask, step.wanted, 0)  # says what is not
