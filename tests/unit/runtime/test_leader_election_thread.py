"""Leader election, with its thread."""

import threading

import pytest

from daskop.runtime.leader_election import LeaderElector, LeaseTimes
from tests.unit.fakes.candidates import LEASE, Pair, nothing

BOUND_SECONDS = 5.0

QUICK = LeaseTimes(15, 10, 0.01)
"""For the tests with a thread: it looks a hundred times a second at a clock that stands."""

SELDOM = LeaseTimes(15, 10, 8)
"""Twice it looks no earlier than after the bound."""


@pytest.fixture
def pair() -> Pair:
    return Pair()


def test_the_thread_leads_until_it_is_stopped(pair: Pair) -> None:
    """
    It gets the lease, and a stop, long before the next try is due, ends it and gives it back.
    """
    follower = LeaderElector(pair.b, LEASE, "b", pair.b, on_lost=nothing)
    pair.a.elector.start()
    assert pair.a.elector.wait_until_leader(BOUND_SECONDS)
    follower.start()
    assert not follower.wait_until_leader(0)
    waiter = threading.Thread(target=follower.wait_until_leader, args=[10 * BOUND_SECONDS])
    waiter.start()
    follower.stop()
    waiter.join(BOUND_SECONDS)
    pair.a.elector.stop()

    assert not any([waiter.is_alive(), follower.alive, pair.a.elector.alive])
    assert (False, "") == (pair.a.elector.is_leader, pair.spec()["holderIdentity"])


def test_the_thread_tells_of_the_loss_and_ends(pair: Pair) -> None:
    """
    Once the deadline has passed it calls *on_lost*, where even a stop does no harm.
    """
    lost = threading.Event()

    def lose() -> None:
        elector.stop()
        lost.set()

    elector = LeaderElector(pair.a, LEASE, "a", pair.a, QUICK, on_lost=lose)
    elector.start()
    assert elector.wait_until_leader(BOUND_SECONDS)
    pair.time.step(10)

    assert lost.wait(BOUND_SECONDS)
    elector.stop()
    assert (False, "a") == (elector.alive, pair.spec()["holderIdentity"])


def test_a_follower_looks_when_the_lease_runs_out(pair: Pair) -> None:
    """
    It does not wait for the end of its retry period: who is dead is replaced at the first moment.
    """
    assert pair.a.step()
    follower = LeaderElector(pair.b, LEASE, "b", pair.b, SELDOM, on_lost=nothing)
    assert not follower.try_acquire_or_renew()
    pair.time.step(SELDOM.lease_seconds - 0.1)
    follower.start()
    pair.time.step(0.1)

    assert follower.wait_until_leader(BOUND_SECONDS)
    follower.stop()
