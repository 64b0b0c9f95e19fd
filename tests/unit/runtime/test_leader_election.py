"""Leader election, step by step."""

import re
from typing import Any

import pytest
from structlog.testing import capture_logs

from daskop.api.resources import LEASES
from daskop.errors import ForbiddenError, NotLeaderError
from daskop.runtime.leader_election import LeaseTimes
from tests.unit.fakes.candidates import LEASE, Pair, nothing

HOUR = 3600.0


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
    assert not pair.a.elector.failed
    pair.time.step(0.2)

    assert (False, 1) == (pair.a.step(), pair.a.losses)
    assert pair.a.elector.failed
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


@pytest.mark.parametrize("times", [(10, 10, 2), (15, 2, 2), (15, 10, 0)])
def test_times_that_contradict_each_other_are_refused(times: tuple[int, float, float]) -> None:
    """
    The lease must outlast the deadline, and the deadline a retry.
    """
    with pytest.raises(ValueError, match="must"):
        LeaseTimes(*times)
