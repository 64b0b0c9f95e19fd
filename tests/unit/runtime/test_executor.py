"""What comes of a plan: writes, then status, then events."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from daskop.api.resources import CLUSTERS, PODS
from daskop.errors import (
    ConflictError,
    DaskopError,
    ForbiddenError,
    InvalidError,
    QuotaExceededError,
    ServerError,
    TooManyRequestsError,
)
from daskop.plan.actions import MAX_ACTIONS, Create, Delete, Event, Plan
from daskop.runtime.executor import LATE
from daskop.runtime.reconciler import Result
from tests.unit.builders import key
from tests.unit.runtime.desk import Desk, a_desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as desk:
        yield desk


def failure(desk: Desk) -> dict[str, Any] | None:
    """The condition that tells of a refusal."""
    conditions = desk.view().status.get("conditions", [])
    return next((entry for entry in conditions if entry["type"] == "ReplicaFailure"), None)


def creates(number: int) -> tuple[Create, ...]:
    names = [f"p{n}" for n in range(number)]
    return tuple(
        Create(PODS, {"metadata": {"name": name, "namespace": "ns"}}, "u") for name in names
    )


def test_status_and_events_follow_the_writes(desk: Desk) -> None:
    """
    What is said is said after it was done.
    """
    event = Event("Created", "created a Pod")
    result = desk.execute(Plan(creates(1), {"made": 1}, (event,)))

    assert ["create p0", "patch c"] == desk.kube.writes
    assert ({"made": 1}, [event], Result()) == (desk.view().status, desk.told, result)


def test_a_plan_that_is_too_large_is_taken_up_again(desk: Desk) -> None:
    """
    What is left after a hundred writes comes at once, behind others that wait.
    """
    result = desk.execute(Plan(creates(MAX_ACTIONS + 1), requeue_after=timedelta(seconds=5)))

    assert Result(timedelta(0)) == result


def test_the_earliest_wait_counts(desk: Desk) -> None:
    """
    A status that may not be written yet is written as soon as it may, whatever the plan waits for.
    """
    desk.execute(Plan(status={"made": 1}))
    second = desk.execute(Plan(status={"made": 2}, requeue_after=timedelta(seconds=5)))

    assert Result(timedelta(seconds=0.75)) == second
    assert {"made": 1} == desk.view().status


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ForbiddenError(403, "Forbidden", "not yours"), "Forbidden"),
        (QuotaExceededError(403, "Forbidden", "exceeded quota: q"), "QuotaExceeded"),
        (InvalidError(422, "Invalid", "spec: bad"), "InvalidSpec"),
        (ServerError(500, "InternalError", "failed calling webhook"), "ServerError"),
    ],
)
def test_a_refusal_is_told_and_raised(desk: Desk, error: DaskopError, reason: str) -> None:
    """
    People learn of it by a condition with the server's words and an event, behind the plan's own.
    """
    desk.kube.refuse["create p0"] = error
    planned = Event("ScaledUp", "Scaled up from 0 to 1 workers")
    plan = Plan(creates(1), {"made": 0}, (planned,))

    with pytest.raises(type(error)):
        desk.execute(plan)

    told = failure(desk) or {}
    assert ("True", reason, str(error)) == (told["status"], told["reason"], told["message"])
    assert [planned, Event(reason, str(error), warning=True)] == desk.told
    assert 0 == desk.view().status["made"]


def test_of_a_refused_pass_only_what_is_stored_is_told(desk: Desk) -> None:
    """
    With a status that may not be written yet the plan's events are left to the next pass.
    """
    error = ForbiddenError(403, "Forbidden", "not yours")
    desk.execute(Plan(status={"made": 1}))
    desk.kube.refuse["create p0"] = error

    with pytest.raises(ForbiddenError):
        desk.execute(Plan(creates(1), {"made": 2}, (Event("ScaledUp", "up"),)))

    assert [Event("Forbidden", str(error), warning=True)] == desk.told
    assert {"made": 1} == desk.view().status


@pytest.mark.parametrize(
    ("status", "requeue_after", "seconds"),
    [
        (None, None, None),
        (None, timedelta(seconds=5), 5.0),
        ({"made": 2}, None, 0.75),
        ({"made": 2}, timedelta(seconds=5), 0.75),
    ],
)
def test_a_refused_pass_has_its_waits(
    desk: Desk,
    status: dict[str, Any] | None,
    requeue_after: timedelta | None,
    seconds: float | None,
) -> None:
    """
    The error says when the plan, or a status that may not be written yet, needs another pass.
    """
    error = ForbiddenError(403, "Forbidden", "not yours")
    desk.kube.refuse["create p0"] = error
    with pytest.raises(ForbiddenError):
        desk.execute(Plan(creates(1)))

    with pytest.raises(ForbiddenError) as raised:
        desk.execute(Plan(creates(1), status, requeue_after=requeue_after))

    assert seconds == raised.value.look_again_seconds


def test_a_refusal_is_over_when_it_is(desk: Desk) -> None:
    """
    Said again it keeps its time and is no write; with the next success it is gone.
    """
    desk.kube.refuse["create p0"] = ForbiddenError(403, "Forbidden", "not yours")
    since, patches = [], []
    for _ in range(2):
        with pytest.raises(ForbiddenError):
            desk.execute(Plan(creates(1)))
        since.append((failure(desk) or {})["lastTransitionTime"])
        patches.append(desk.kube.writes.count("patch c"))
        desk.clock.step(60)
    desk.kube.refuse.clear()
    desk.execute(Plan(creates(1), {"made": 1}))

    assert (1, [1, 1]) == (len(set(since)), patches)
    assert failure(desk) is None


@pytest.mark.parametrize(
    "error",
    [
        TooManyRequestsError(429, "TooManyRequests", "busy"),
        ConflictError(409, "Conflict", "stale"),
    ],
)
def test_what_passes_by_itself_is_not_told(desk: Desk, error: DaskopError) -> None:
    """
    A failure that the next pass may not meet any more is raised, and nothing is written of it.
    """
    desk.kube.refuse["create p0"] = error

    with pytest.raises(type(error)):
        desk.execute(Plan(creates(1), {"made": 0}))

    assert ({}, []) == (desk.view().status, desk.told)


@pytest.mark.parametrize("anew", [False, True], ids=["gone", "made anew"])
def test_nothing_is_made_for_an_owner_that_is_gone(desk: Desk, anew: bool) -> None:
    """
    A cache that is late would have the garbage collector delete what each pass makes.
    """
    seen = desk.view()
    desk.kube.delete(CLUSTERS, key("c"), seen.meta.uid)
    if anew:
        desk.kube.create(CLUSTERS, {"metadata": {"name": "c", "namespace": "ns"}})
    before = list(desk.kube.writes)

    result = desk.execute(Plan(creates(1), {"made": 1}, (Event("Created", "x"),)), seen)

    assert (Result(LATE), [], before) == (result, desk.told, desk.kube.writes)


def test_nothing_is_made_for_an_owner_that_is_going(desk: Desk) -> None:
    """
    What a foreground deletion takes away is not made again meanwhile.
    """
    seen = desk.view()
    desk.kube.graceful = True
    desk.kube.delete(CLUSTERS, key("c"), seen.meta.uid)
    before = list(desk.kube.writes)

    assert Result(LATE) == desk.execute(Plan(creates(1)), seen)
    assert before == desk.kube.writes


def test_nothing_is_done_by_an_earlier_spec(desk: Desk) -> None:
    """
    A cache that is late would delete workers that are wanted by now; a newer status is no matter.
    """
    seen = desk.view()
    desk.kube.merge_patch(CLUSTERS, key("c"), {"status": {"by": "another"}}, "status")
    after_status = desk.execute(Plan(creates(1)), seen)
    desk.kube.merge_patch(CLUSTERS, key("c"), {"spec": {"worker": {"replicas": 20}}})
    live = desk.kube.create(PODS, {"metadata": {"name": "wanted", "namespace": "ns"}})
    deletion = Delete(PODS, key("wanted"), live["metadata"]["uid"])

    after_spec = desk.execute(Plan((deletion,)), seen)

    assert (Result(), Result(LATE)) == (after_status, after_spec)
    assert live == desk.kube.get(PODS, key("wanted"))
