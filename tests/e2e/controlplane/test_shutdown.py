"""How an operator ends, and what it leaves."""

import signal
from functools import partial
from time import monotonic

import pytest

from tests.e2e.cluster.controlplane.waiting import wait_until
from tests.e2e.faults.faults import BlackHole
from tests.e2e.faults.proxy import FaultProxy
from tests.e2e.faults.rules import Match, Rule
from tests.e2e.widget.user import Start, Widgets

pytest_plugins = ["tests.e2e.widget.fixtures"]

MANY = 1000
ROUNDS = 20


def test_an_idle_operator_ends_at_once(widgets: Widgets, proxy: FaultProxy, start: Start) -> None:
    """
    Blocked in the reads of its watches it still ends within a second of SIGTERM.
    """
    operator = start(proxy.kubeconfig)
    widgets.create("w", 1)
    widgets.settle("w", 1)
    began = monotonic()

    assert 0 == operator.stop()
    assert monotonic() - began < 1.0


@pytest.mark.timeout(120, func_only=True)
def test_a_large_change_is_left_and_taken_up_again(
    widgets: Widgets, proxy: FaultProxy, start: Start
) -> None:
    """
    SIGTERM while 1,000 parts are made: gone within 5 s, the rest by the next one, none twice.
    """
    operator = start(proxy.kubeconfig)
    widgets.create("w", MANY)
    wait_until(
        lambda: len(proxy.seen("create", "configmaps")) > 150, "some parts", within_seconds=20
    )
    began = monotonic()
    code = operator.stop()
    seconds = monotonic() - began
    left = len(widgets.parts("w"))
    operator.start()
    widgets.settle("w", MANY, within_seconds=60)

    assert 0 == code
    assert seconds < 5
    assert left < MANY
    assert MANY == len(widgets.parts("w"))
    assert MANY == sum(
        seen.code == 201 for seen in proxy.seen("create", "configmaps", namespace=widgets.namespace)
    )


def test_a_second_signal_ends_at_once(widgets: Widgets, proxy: FaultProxy, start: Start) -> None:
    """
    While a pass hangs, the first SIGTERM waits for it, and the second does not.
    """
    operator = start(proxy.kubeconfig)
    here = Match("create", "configmaps", namespace=widgets.namespace)
    hangs = proxy.add(Rule(here, BlackHole()))
    widgets.create("w", 1)
    wait_until(lambda: hangs.fired, "a hanging request", within_seconds=10)
    operator.signal(signal.SIGTERM)
    wait_until(lambda: "stopping" in operator.log.read_text(), "stopping", within_seconds=5)
    began = monotonic()
    operator.signal(signal.SIGTERM)
    code = operator.wait_for_end(5)

    assert 128 + signal.SIGTERM == code
    assert monotonic() - began < 1


@pytest.mark.timeout(240, func_only=True)
def test_killed_at_any_moment_it_makes_nothing_twice(
    widgets: Widgets, proxy: FaultProxy, start: Start
) -> None:
    """
    SIGKILL after each of 20 numbers of requests, one after the other: all parts once, none left.
    """
    operator = start(proxy.kubeconfig)
    for round_ in range(ROUNDS):
        widgets.create(f"w{round_}", parts_of(round_))
        wanted = len(proxy.seen("create", "configmaps")) + round_
        wait_until(partial(_has_asked, proxy, wanted), "a moment", within_seconds=10, every=0.001)
        operator.kill()
        operator.start()
    for round_ in range(ROUNDS):
        widgets.settle(f"w{round_}", parts_of(round_))
        assert parts_of(round_) == len(widgets.parts(f"w{round_}"))


def parts_of(round_: int) -> int:
    """How many parts the Widget of a round has: more than are made when it is killed."""
    return 21 + round_ % 3


def _has_asked(proxy: FaultProxy, times: int) -> bool:
    return len(proxy.seen("create", "configmaps")) >= times
