"""Several replicas of the toy operator, of which one works."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from http import HTTPStatus
from itertools import pairwise
from time import monotonic

import pytest

from tests.e2e.cluster.controlplane.api import path_of
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.cluster.controlplane.waiting import wait_until
from tests.e2e.controlplane.replica import Replica
from tests.e2e.faults.faults import BlackHole
from tests.e2e.faults.proxy import FaultProxy
from tests.e2e.faults.rules import Match, Rule
from tests.e2e.widget.user import Start, Widgets

pytest_plugins = ["tests.e2e.widget.fixtures"]

MANY = 1000
TAKEOVER_SECONDS = 17.0
"""A lease of 15 s, and a retry."""


@pytest.fixture
def replicas(
    control_plane: ControlPlane, widgets: Widgets, start: Start
) -> Iterator[tuple[Replica, Replica]]:
    """The leader and a follower."""
    with ExitStack() as stack:
        proxies = [stack.enter_context(FaultProxy(control_plane.kubeconfig)) for _ in range(2)]
        found = []
        for proxy in proxies:
            option = f"--lease-namespace={widgets.namespace}"
            found.append(Replica(start(proxy.kubeconfig, option), proxy))
            wait_until(lambda: holder(widgets), "a leader", within_seconds=10)
        yield found[0], found[1]


def holder(widgets: Widgets) -> str:
    """Who holds the lease; an empty string is nobody."""
    path = path_of("coordination.k8s.io/v1", "leases", widgets.namespace, "widgets")
    if not widgets.api.exists(path):
        return ""
    return str(widgets.api.get(path)["spec"].get("holderIdentity") or "")


def test_a_follower_is_ready_and_writes_nothing(
    widgets: Widgets, replicas: tuple[Replica, Replica]
) -> None:
    """
    One works; the other has its caches filled, says so, and leaves everything alone.
    """
    leader, follower = replicas
    widgets.create("w", 5)
    widgets.settle("w", 5)

    assert len(leader.writes()) >= 5
    assert 0 == len(follower.writes())
    assert follower.proxy.open_watches


def test_a_leader_that_ends_hands_over(widgets: Widgets, replicas: tuple[Replica, Replica]) -> None:
    """
    After SIGTERM another replica works within three seconds: the lease is released.
    """
    leader, follower = replicas
    code = leader.operator.stop()
    began = monotonic()
    widgets.create("w", 5)
    widgets.settle("w", 5)

    assert (0, True) == (code, len(follower.writes()) >= 5)
    assert monotonic() - began < 3.5  # of which settling takes its part


def test_a_leader_that_was_stopped_past_its_lease_writes_nothing_when_it_wakes(
    widgets: Widgets, replicas: tuple[Replica, Replica]
) -> None:
    """
    SIGSTOP, another takes over, SIGCONT: the first one ends without one more write.
    """
    leader, follower = replicas
    widgets.create("w", 2)
    widgets.settle("w", 2)
    wait_until(leader.has_settled, "its last event", within_seconds=10)
    leader.operator.signal(signal.SIGSTOP)
    first = holder(widgets)
    widgets.scale("w", 4)
    wait_until(
        lambda: holder(widgets) not in {first, ""}, "a new leader", within_seconds=TAKEOVER_SECONDS
    )
    widgets.settle("w", 4)
    before = len(leader.writes())
    widgets.scale("w", 6)  # it will see that as soon as it wakes
    leader.operator.signal(signal.SIGCONT)
    code = leader.operator.wait_for_end(10)
    widgets.settle("w", 6)

    assert (1, before) == (code, len(leader.writes()))
    assert 6 == len(widgets.parts("w"))
    assert len(follower.writes()) > 0


def test_a_killed_leader_is_replaced(widgets: Widgets, replicas: tuple[Replica, Replica]) -> None:
    """
    After SIGKILL the lease runs out, and the other goes on.
    """
    leader, _ = replicas
    leader.operator.kill()
    began = monotonic()
    widgets.create("w", 3)
    widgets.settle("w", 3, within_seconds=TAKEOVER_SECONDS + 3)

    assert monotonic() - began < TAKEOVER_SECONDS + 1


@pytest.mark.parametrize("how", ["down", "black hole"])
def test_a_leader_that_cannot_renew_ends(
    widgets: Widgets, replicas: tuple[Replica, Replica], how: str
) -> None:
    """
    Cut off from the server, or never answered, it ends before another may lead.
    """
    leader, _ = replicas
    first = holder(widgets)
    if how == "down":
        leader.proxy.down()
    else:
        leader.proxy.add(Rule(Match(resource="leases"), BlackHole()))
    code = leader.operator.wait_for_end(14)
    still = holder(widgets)
    wait_until(
        lambda: holder(widgets) not in {first, ""}, "a new leader", within_seconds=TAKEOVER_SECONDS
    )

    assert (1, first) == (code, still)


def test_a_rolling_restart_makes_nothing_twice(
    widgets: Widgets, replicas: tuple[Replica, Replica]
) -> None:
    """
    Both are replaced one after the other while 1,000 parts are made: each once, with short gaps.
    """
    widgets.create("w", MANY)
    for replica in replicas:
        replica.operator.stop()
        replica.operator.start()
    widgets.settle("w", MANY, within_seconds=40)
    seen = [entry for replica in replicas for entry in replica.proxy.seen("create", "configmaps")]
    moments = sorted(entry.at_monotonic for entry in seen)
    gap = max(later - earlier for earlier, later in pairwise(moments))

    assert MANY == len(widgets.parts("w"))
    assert MANY == sum(entry.code == HTTPStatus.CREATED for entry in seen)
    assert gap < 5, [replica.operator.log_tail() for replica in replicas]
