"""Leader election, step by step and with its thread."""

import re
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from structlog.testing import capture_logs

from daskop.api.meta import Manifest, NamespacedName
from daskop.api.resources import LEASES, Resource
from daskop.errors import ConnectionFailedError, ForbiddenError, NotLeaderError
from daskop.runtime.leader_election import LeaderElector, LeaseTimes
from tests.unit.builders import key
from tests.unit.fakes.clock import SteppedClock
from tests.unit.fakes.kube import FakeKube

LEASE = key("lease")
BOUND_SECONDS = 5.0
HOUR = 3600.0


def nothing() -> None:
    """Happens on a line without delay."""


class Candidate:
    """One replica: its clocks, its line to the server (a ``Writer``), and its elector."""

    def __init__(
        self,
        kube: FakeKube,
        time: SteppedClock,
        identity: str,
        times: LeaseTimes = LeaseTimes(),  # noqa: B008 - frozen
    ) -> None:
        self.offset = 0.0  # of the monotonic clock, fixed from the start
        self.wall = 0.0
        self.fails = ""  # every write, before or after its effect
        self.on_the_way: Callable[[], None] = nothing
        self.on_the_way_back: Callable[[], None] = nothing
        self.losses = 0
        self.reads = 0
        self._kube = kube
        self._time = time
        self.elector = LeaderElector(self, LEASE, identity, self, times, on_lost=self._lose)

    def now(self) -> datetime:
        return self._time.now() + timedelta(seconds=self.wall)

    def monotonic(self) -> float:
        return self._time.monotonic() + self.offset

    def get(self, resource: Resource, key: NamespacedName) -> Manifest:
        self.reads += 1
        return self._send(lambda: self._kube.get(resource, key), "")

    def create(self, resource: Resource, manifest: Manifest) -> Manifest:
        return self._send(lambda: self._kube.create(resource, manifest), self.fails)

    def merge_patch(
        self, resource: Resource, key: NamespacedName, body: Manifest, subresource: str = ""
    ) -> Manifest:
        patch = self._kube.merge_patch
        return self._send(lambda: patch(resource, key, body, subresource), self.fails)

    def delete(self, resource: Resource, key: NamespacedName, uid: str) -> Manifest:
        raise NotImplementedError

    def step(self) -> bool:
        return self.elector.try_acquire_or_renew()

    def _send(self, request: Callable[[], Manifest], fails: str) -> Manifest:
        self.on_the_way()
        if fails == "before":
            raise ConnectionFailedError("refused")
        answer = request()
        self.on_the_way_back()
        if fails == "after":
            raise ConnectionFailedError("reset")
        return answer

    def _lose(self) -> None:
        self.losses += 1


class Pair:
    """Two replicas and the server between them."""

    def __init__(self) -> None:
        self.time = SteppedClock()
        self.kube = FakeKube()
        self.a = Candidate(self.kube, self.time, "a")
        self.b = Candidate(self.kube, self.time, "b")

    def spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = self.kube.get(LEASES, LEASE)["spec"]
        return spec


@pytest.fixture
def pair() -> Pair:
    return Pair()


def test_the_first_leads_and_the_second_follows(pair: Pair) -> None:
    """
    Whoever creates the lease leads, and the record says so in the form that Kubernetes wants.
    """
    assert (True, False) == (pair.a.step(), pair.b.step())

    spec = pair.spec()
    assert re.fullmatch(r"2026-01-01T00:00:00\.\d{6}Z", spec["renewTime"])
    assert spec["renewTime"] == spec["acquireTime"]
    assert ("a", 15, 0) == (
        spec["holderIdentity"], spec["leaseDurationSeconds"], spec["leaseTransitions"]
    )  # fmt: skip


@pytest.mark.parametrize(("wall_of_a", "wall_of_b"), [(0, 0), (-HOUR, 0), (HOUR, 0), (0, -HOUR)])
def test_a_lease_is_taken_once_it_was_seen_unchanged(
    pair: Pair, wall_of_a: float, wall_of_b: float
) -> None:
    """
    15 s after the follower saw it first, by the follower's clock, whatever times the record has.
    """
    pair.a.wall, pair.b.wall, pair.b.offset = wall_of_a, wall_of_b, 12345.0
    pair.a.step()
    pair.time.step(8)
    pair.b.step()
    pair.b.wall = -pair.b.wall
    pair.time.step(14.5)
    assert not pair.b.step()
    pair.time.step(0.5)
    assert pair.b.step()

    spec = pair.spec()
    assert ("b", 1) == (spec["holderIdentity"], spec["leaseTransitions"])
    assert spec["renewTime"] == spec["acquireTime"]


def test_a_renewal_is_one_write_and_keeps_followers_away(pair: Pair) -> None:
    """
    A minute of leading is one patch every two seconds and no read, even if the wall clock stands.
    """
    pair.a.step()
    acquired = pair.spec()["acquireTime"]
    pair.a.reads = 0
    for _ in range(30):
        pair.time.step(2)
        pair.a.wall -= 2
        assert (True, False) == (pair.a.step(), pair.b.step())
    pair.time.step(2)
    pair.a.step()

    assert ["create lease", *["patch lease"] * 31] == pair.kube.writes
    assert (0, 0) == (pair.a.reads, pair.spec()["leaseTransitions"])
    assert acquired == pair.spec()["acquireTime"] < pair.spec()["renewTime"]


def test_a_released_lease_is_taken_at_once(pair: Pair) -> None:
    """
    Who stops leaves a lease of nobody, with one second to run, and leads no more.
    """
    pair.a.step()
    pair.b.step()
    pair.a.elector.stop()
    released = pair.spec()

    assert ("", 1) == (released["holderIdentity"], released["leaseDurationSeconds"])
    assert (False, True) == (pair.a.step(), pair.b.step())
    assert (15, 1) == (pair.spec()["leaseDurationSeconds"], pair.spec()["leaseTransitions"])


def test_who_does_not_lead_releases_nothing(pair: Pair) -> None:
    """
    A follower, and a leader whose lease was taken, leave the lease to its holder.
    """
    pair.a.step()
    pair.b.step()
    pair.b.elector.stop()
    assert "a" == pair.spec()["holderIdentity"]
    pair.kube.merge_patch(LEASES, LEASE, {"spec": {"holderIdentity": "c"}})
    pair.a.elector.stop()
    assert "c" == pair.spec()["holderIdentity"]


@pytest.mark.parametrize("led", [False, True])
def test_a_write_whose_answer_was_lost_is_recognised(pair: Pair, led: bool) -> None:
    """
    A create or a renewal that took effect without our knowing is ours at the next try.
    """
    if led:
        pair.a.step()
    pair.time.step(4)
    pair.a.fails = "after"
    assert led == pair.a.step()
    pair.a.fails = ""
    pair.time.step(4)

    assert pair.a.step()
    assert ("a", 0) == (pair.spec()["holderIdentity"], pair.spec()["leaseTransitions"])


def test_a_release_finds_a_renewal_whose_answer_was_lost(pair: Pair) -> None:
    """
    The version that we know is old, but the lease is ours, and is released.
    """
    pair.a.step()
    pair.time.step(2)
    pair.a.fails = "after"
    assert pair.a.step()
    pair.a.fails = ""
    pair.a.elector.stop()

    assert "" == pair.spec()["holderIdentity"]


def test_a_leader_that_cannot_renew_is_lost_once(pair: Pair) -> None:
    """
    At the deadline it may not write, says so once, and never tries again, nor releases.
    """
    pair.a.step()
    pair.kube.refuse["patch lease"] = ForbiddenError(403, "Forbidden", "no")
    pair.time.step(9.9)
    assert pair.a.step()
    pair.time.step(0.1)
    assert not pair.a.step()
    pair.kube.refuse.clear()
    writes = list(pair.kube.writes)
    pair.time.step(4.9)
    assert not pair.a.elector.overdue
    pair.time.step(0.2)

    assert (False, 1) == (pair.a.step(), pair.a.losses)
    assert pair.a.elector.overdue
    with pytest.raises(NotLeaderError):
        pair.a.elector.check()
    pair.a.elector.stop()
    assert writes == pair.kube.writes


def test_a_process_that_was_stopped_writes_nothing_when_it_wakes(pair: Pair) -> None:
    """
    The gate is shut before the elector had a chance to act, and its next try is none.
    """
    pair.a.step()
    pair.a.elector.check()
    pair.time.step(10)

    with pytest.raises(NotLeaderError):
        pair.a.elector.check()
    assert (False, ["create lease"]) == (pair.a.step(), pair.kube.writes)


def test_a_lease_that_was_taken_is_lost_at_once(pair: Pair) -> None:
    """
    Somebody else's name in the lease ends our time before the deadline.
    """
    pair.a.step()
    pair.kube.merge_patch(LEASES, LEASE, {"spec": {"holderIdentity": "c"}})

    assert (False, 1, False) == (pair.a.step(), pair.a.losses, pair.a.elector.is_leader)
    assert "c" == pair.spec()["holderIdentity"]


@pytest.mark.parametrize("remade", [False, True])
def test_a_leader_survives_the_loss_of_its_lease(pair: Pair, remade: bool) -> None:
    """
    A lease that was deleted is made anew; one that somebody made anew, empty, is taken.
    """
    pair.a.step()
    pair.kube.delete(LEASES, LEASE, pair.kube.get(LEASES, LEASE)["metadata"]["uid"])
    if remade:
        pair.kube.create(LEASES, {"metadata": {"namespace": "ns", "name": "lease"}})

    assert (True, 0) == (pair.a.step(), pair.a.losses)
    assert "a" == pair.spec()["holderIdentity"]


def test_an_answer_after_the_deadline_is_none(pair: Pair) -> None:
    """
    A first answer that took too long makes no leader until it is renewed; a late renewal loses.
    """
    pair.a.on_the_way_back = lambda: pair.time.step(10)
    assert (False, 0) == (pair.a.step(), pair.a.losses)
    pair.a.on_the_way_back = nothing
    assert pair.a.step()
    pair.time.step(4)
    pair.a.on_the_way_back = lambda: pair.time.step(6)
    assert (False, 1) == (pair.a.step(), pair.a.losses)


def test_a_leader_counts_from_before_its_request(pair: Pair) -> None:
    """
    The 6 s that the answer took are a part of the 10 s that the renewal is good for.
    """
    pair.a.step()
    pair.a.on_the_way_back = lambda: pair.time.step(6)
    assert pair.a.step()
    pair.time.step(4)
    assert not pair.a.elector.is_leader


def test_a_follower_counts_from_after_its_request(pair: Pair) -> None:
    """
    The leader may have renewed at the end of the 9 s that a read took.
    """

    def renew_late() -> None:
        pair.time.step(9)
        pair.a.step()

    pair.a.step()
    pair.b.on_the_way = renew_late
    pair.b.step()
    pair.b.on_the_way = nothing
    pair.time.step(14.9)
    assert not pair.b.step()
    pair.time.step(0.1)
    assert pair.b.step()


@pytest.mark.parametrize(("spec", "seconds"), [({}, 15), ({"leaseDurationSeconds": 40}, 40)])
def test_a_strangers_lease_is_respected(pair: Pair, spec: dict[str, Any], seconds: float) -> None:
    """
    A record may lack every time; where it names a longer one than ours, its holder has that.
    """
    metadata = {"namespace": "ns", "name": "lease"}
    pair.kube.create(LEASES, {"metadata": metadata, "spec": {"holderIdentity": "c", **spec}})
    pair.a.step()
    pair.time.step(seconds - 1)
    assert not pair.a.step()
    pair.time.step(1)
    assert pair.a.step()


def test_an_outage_is_reported_once_and_a_defect_each_time(pair: Pair) -> None:
    """
    Failed tries are repeated; the log has one warning for each kind of failure in a row.
    """
    forbidden, defect = ForbiddenError(403, "Forbidden", "no"), RuntimeError("a defect")
    with capture_logs() as logs:
        for error in (forbidden, forbidden, defect, defect, forbidden):
            pair.kube.refuse["create lease"] = error
            assert not pair.a.step()
        pair.kube.refuse.clear()
        assert pair.a.step()

    assert ["warning", "error", "error", "warning", "info"] == [log["log_level"] for log in logs]


@pytest.mark.parametrize("times", [(10, 10, 2), (15, 2.4, 2), (15, 10, 0)])
def test_times_that_contradict_each_other_are_refused(times: tuple[int, float, float]) -> None:
    """
    The lease must outlast the deadline, and the deadline a retry with its jitter.
    """
    with pytest.raises(ValueError, match="must"):
        LeaseTimes(*times)


QUICK = LeaseTimes(15, 10, 0.01)
"""For the tests with a thread: it looks a hundred times a second at a clock that stands."""


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


TIGHT = LeaseTimes(15, 14.99, 2)
"""Next to no margin between a leader's and a follower's time, so that a mistake shows."""

WHO = st.integers(0, 2)
SECONDS = st.sampled_from([0.0, 0.0, 2.0, 5.0, 10.0, 15.0])


class Election(RuleBasedStateMachine):
    """Three replicas, whose clocks differ, on lines that are slow and lose requests and answers."""

    def __init__(self) -> None:
        super().__init__()
        self.time = SteppedClock()
        self.kube = FakeKube()
        self.born = 0
        self.replicas = [self.new(), self.new(), self.new()]

    def new(self) -> Candidate:
        self.born += 1
        replica = Candidate(self.kube, self.time, f"r{self.born}", times=TIGHT)
        replica.offset = 1000.0 * self.born
        return replica

    @rule(seconds=SECONDS)
    def wait(self, seconds: float) -> None:
        self.time.step(seconds)
        self.at_most_one_leads()

    @rule(who=WHO, fails=st.sampled_from(["", "", "before", "after"]))
    def step(self, who: int, fails: str) -> None:
        replica = self.replicas[who]
        replica.fails = fails
        replica.step()
        if replica.losses:
            self.replicas[who] = self.new()

    @rule(who=WHO, events=st.lists(st.tuples(SECONDS, WHO, SECONDS), max_size=4))
    def step_slowly(self, who: int, events: list[tuple[float, int, float]]) -> None:
        """On the way of each request and of each answer, time passes and another one steps."""
        replica, coming = self.replicas[who], iter(events)

        def meanwhile() -> None:
            for before, other, after in islice(coming, 1):
                self.wait(before)
                if other != who:
                    self.step(other, "")
                self.wait(after)

        replica.on_the_way = replica.on_the_way_back = meanwhile
        self.step(who, "")
        replica.on_the_way = replica.on_the_way_back = nothing

    @rule(who=WHO, seconds=st.sampled_from([-HOUR, -10.0, -5.0, HOUR]))
    def jump(self, who: int, seconds: float) -> None:
        self.replicas[who].wall += seconds

    @rule(who=WHO, gracefully=st.booleans())
    def restart(self, who: int, gracefully: bool) -> None:
        if gracefully:
            self.replicas[who].elector.stop()
        self.replicas[who] = self.new()

    @invariant()
    def at_most_one_leads(self) -> None:
        assert 1 >= sum(replica.elector.is_leader for replica in self.replicas)


def test_two_never_lead_at_once() -> None:
    """
    Whatever is slow, lost, restarted or jumps: no two replicas pass the gate at one time.
    """
    with capture_logs():  # rendering them would take half of the time
        run_state_machine_as_test(
            Election, settings=settings(max_examples=100, stateful_step_count=40, deadline=None)
        )
