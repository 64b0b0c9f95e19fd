"""What becomes of a job's runner that its node has lost."""

from datetime import timedelta
from typing import Any

import pytest

from daskop.api.children import Pod
from daskop.api.problem import Problem
from daskop.plan.actions import LOOK_AGAIN, Create
from tests.unit.builders import key
from tests.unit.plan.jobs import (
    A_MINUTE_AGO,
    EVICTED,
    HOURS_AGO,
    REPLACED,
    a_runner,
    job_of,
    planned,
    reasons,
    status_of,
    told_of,
)


def made_at(created: str) -> Pod:
    return EVICTED._replace(meta=EVICTED.meta._replace(created=created))


AGAIN = made_at("2026-01-02T03:04:06Z")
"""Made a second after the first one was seen to be lost, and lost as well."""


@pytest.mark.parametrize("policy", [{}, {"restartPolicy": "OnFailure"}])
def test_an_evicted_runner_makes_room_for_another(policy: dict[str, Any]) -> None:
    """
    What its node did to the runner is no failure of the program, which may run once more.
    """
    lost = planned(job_of(**policy), EVICTED)
    stored = planned(job_of(lost.status, **policy), EVICTED)
    (again,) = planned(job_of(stored.status, **policy)).actions

    assert (REPLACED, "ClusterCreated") == (stored.actions, status_of(stored)["jobStatus"])
    assert isinstance(again, Create)
    assert (key("j-runner"), 1) == (again.key, status_of(stored)["failures"])


def test_a_lost_runner_is_recorded_before_it_is_replaced() -> None:
    """
    The pass that sees its end stores and tells it, and leaves the rest to the next one.
    """
    lost = planned(job_of(), EVICTED)
    stored = planned(job_of(lost.status), EVICTED)

    assert ((), None, ["RunnerReplaced"]) == (lost.actions, lost.requeue_after, reasons(lost))
    assert (REPLACED, None, []) == (stored.actions, stored.requeue_after, reasons(stored))
    assert status_of(lost) == status_of(stored)
    assert "RunnerFails" == told_of(lost)["reason"]


def test_a_runner_that_is_evicted_again_waits() -> None:
    """
    The second one soon after the first is held for 10 s, counted from the first.
    """
    job = job_of(status_of(planned(job_of(), EVICTED)))

    held, over = (planned(job, AGAIN, late=seconds) for seconds in (4, 10))
    stored = planned(job_of(over.status), AGAIN, late=10)

    assert ((), timedelta(seconds=6), []) == (held.actions, held.requeue_after, reasons(held))
    assert ((), None, ["RunnerReplaced"]) == (over.actions, over.requeue_after, reasons(over))
    assert (REPLACED, None, []) == (stored.actions, stored.requeue_after, reasons(stored))
    assert [1, 2, 2] == [status_of(plan)["failures"] for plan in (held, over, stored)]


def test_a_runner_that_is_held_is_told() -> None:
    """
    While another runner is held back people learn why the last one ended.
    """
    held = planned(job_of(status_of(planned(job_of(), EVICTED))), AGAIN, late=4)

    told = told_of(held)
    message = "the runner was lost (Evicted): it is replaced at 2026-01-02T03:04:15Z"
    assert ("True", "RunnerFails", message) == (told["status"], told["reason"], told["message"])


@pytest.mark.parametrize("runner", [EVICTED, a_runner("Failed")], ids=["evicted", "deleted"])
def test_a_lost_runner_that_is_going_is_waited_for(runner: Pod) -> None:
    """
    It is neither deleted once more nor counted once more, and it is not the job's end.
    """
    plan = planned(job_of(), runner._replace(meta=runner.meta._replace(deleting=True)))

    assert ((), LOOK_AGAIN, ()) == (plan.actions, plan.requeue_after, plan.events)
    assert ("ClusterCreated", 0) == (status_of(plan)["jobStatus"], status_of(plan)["failures"])
    assert "Terminating" == told_of(plan)["reason"]


@pytest.mark.parametrize(
    ("status", "created"),
    [
        ({}, HOURS_AGO),  # it has worked for hours, and begins anew
        ({"failures": 1, "lastFailureTime": HOURS_AGO}, A_MINUTE_AGO),
        ({"failures": 1, "lastFailureTime": HOURS_AGO}, HOURS_AGO),
    ],
)
def test_each_replacement_is_told(status: dict[str, Any], created: str) -> None:
    """
    However long the runner had worked, and however long ago the last replacement was.
    """
    runner = made_at(created)

    plan = planned(job_of({"jobStatus": "Running", **status}), runner)

    told = {"failures": 1, "lastFailureTime": "2026-01-02T03:04:05Z"}
    assert told.items() <= status_of(plan).items()
    assert ((), ["RunnerReplaced"]) == (plan.actions, reasons(plan))
    assert REPLACED == planned(job_of(plan.status), runner).actions


def test_an_evicted_runner_does_not_crash() -> None:
    """
    Its program was ended from outside: only the loss is told, whatever its exit code was.
    """
    killed = Problem("CrashLoop", "main ended with exit code 137: Error", 137)

    lost = planned(job_of({"jobStatus": "Running"}), EVICTED._replace(problem=killed))

    assert ["RunnerReplaced"] == reasons(lost)


RAN = {"jobStatus": "Running", "runnerInstance": "an-earlier-uid", "startTime": HOURS_AGO}
"""The status of a job whose runner ran when it was last seen."""


@pytest.mark.parametrize(
    ("runner", "expected"),
    [
        (None, []),
        (a_runner("Pending"), []),
        (a_runner("Running"), ["RunnerReplaced"]),
        (a_runner("Succeeded"), ["JobSucceeded", "RunnerReplaced"]),
    ],
    ids=["none", "pending", "running", "done"],
)
def test_a_runner_that_vanished_is_told_when_another_one_runs(
    runner: Pod | None, expected: list[str]
) -> None:
    """
    Whoever deleted it: what it had done is lost, and people learn of it once.
    """
    plan = planned(job_of(RAN), runner)

    assert expected == reasons(plan)
    assert not {"RunnerReplaced"} & set(reasons(planned(job_of(plan.status), runner)))


def test_a_lost_runner_is_told_once() -> None:
    """
    Nothing is said once more when the runner runs that took the place of an evicted one.
    """
    lost = planned(job_of(RAN), EVICTED)

    again = planned(job_of(lost.status), made_at(A_MINUTE_AGO)._replace(phase="Running", reason=""))

    assert (["RunnerReplaced"], ["JobStarted"]) == (reasons(lost), reasons(again))


@pytest.mark.parametrize("stranger", [None, a_runner("Running", owner="a-stranger")])
def test_a_runner_that_must_not_run_twice(stranger: Pod | None) -> None:
    """
    With Never one that ran and is gone is the job's end, whoever stands under its name.
    """
    plan = planned(job_of(RAN, restartPolicy="Never"), stranger)

    words = "the runner was deleted while it ran, and is not restarted"
    assert ((), "Failed", words) == (
        plan.actions,
        status_of(plan)["jobStatus"],
        told_of(plan, "Failed")["message"],
    )
    times = (status_of(plan)["startTime"], status_of(plan)["endTime"])
    assert (HOURS_AGO, "2026-01-02T03:04:05Z") == times
    assert ["JobFailed"] == reasons(plan)


def test_a_runner_that_never_ran_may_run() -> None:
    """
    With Never a runner that was deleted before it ran is made again: it cannot run twice.
    """
    pending = planned(job_of(restartPolicy="Never"), a_runner("Pending"))

    (again,) = planned(job_of(pending.status, restartPolicy="Never")).actions

    assert isinstance(again, Create)


def test_a_held_runner_is_told_once() -> None:
    """
    One that is lost while another replacement is recent is told when its own is recorded.
    """
    job = job_of({**status_of(planned(job_of(RAN), EVICTED)), "runnerInstance": AGAIN.meta.uid})

    held = planned(job, AGAIN, late=4)
    over = planned(job_of(held.status), AGAIN, late=10)

    assert ([], ["RunnerReplaced"]) == (reasons(held), reasons(over))
    assert ["The runner was lost, and is replaced"] == [event.message for event in over.events]
