"""What is recorded of Pods that ended, what spoils a record, and what holds whatever it says."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daskop.api.children import Pod
from daskop.api.conditions import rfc3339
from daskop.plan.actions import MAX_ACTIONS, Create, Delete
from daskop.plan.observed import ObservedWorkerGroup
from daskop.plan.replacement import LONGEST_DELAY, replacement, was_replaced
from daskop.plan.worker_group import plan_worker_group
from tests.unit.builders import a_cluster, a_pod, a_worker_group
from tests.unit.plan.ends import NOW, SECOND, ended, made_up_for, recorded


@pytest.mark.parametrize(
    ("old", "new", "replaced"),
    [
        ({}, {"failures": 0}, False),
        ({}, recorded(1), True),
        ({"failures": 0, "lastFailureTime": None}, recorded(1), True),
        (recorded(1, ago=9), recorded(1, ago=9), False),
        (recorded(1, ago=9), recorded(2), True),
        (recorded(7, ago=900), recorded(1), True),
        (recorded(1, ago=900), recorded(1), True),
        (recorded(7, ago=900), {"failures": 0}, False),
    ],
    ids=str,
)
def test_another_time_says_that_pods_were_replaced(
    old: dict[str, Any], new: dict[str, Any], replaced: bool
) -> None:
    """
    The count does not: it begins anew after a while, also at the number that it had.
    """
    assert replaced is was_replaced(old, new)


@pytest.mark.parametrize(
    ("spoilt", "status"),
    [
        pytest.param({"failures": None, "lastFailureTime": rfc3339(NOW)}, recorded(1), id="null"),
        pytest.param({"failures": 0, "lastFailureTime": rfc3339(NOW)}, recorded(1), id="zero"),
        pytest.param({"lastFailureTime": rfc3339(NOW)}, recorded(1), id="no count"),
        pytest.param({**recorded(1), "failures": -5}, recorded(1), id="negative"),
        pytest.param({"failures": 5}, {}, id="no time"),
        pytest.param({"failures": 5, "lastFailureTime": None}, {}, id="time null"),
        pytest.param({"failures": 5, "lastFailureTime": ""}, {}, id="time empty"),
        pytest.param(
            {"failures": 2, "lastFailureTime": "0001-01-01T00:00:00Z"}, {}, id="Go's zero time"
        ),
        pytest.param(
            {"failures": 2, "lastFailureTime": "2026-01-02T02:04:05.000000001-01:00"},
            recorded(2),
            id="another zone, and nanoseconds",
        ),
        # The API server's check of date-time lets these pass (kube-openapi, strfmt.IsDateTime).
        pytest.param(
            {"failures": 2, "lastFailureTime": "2026-01-02t03:04:05z"}, recorded(2), id="lower case"
        ),
        pytest.param(
            {"failures": 2, "lastFailureTime": "2026-01-02T03:04:05+99:99"}, {}, id="no such zone"
        ),
        pytest.param(
            {"failures": 2, "lastFailureTime": "0001-01-01T00:00:00+23:59"}, {}, id="before year 1"
        ),
        pytest.param(
            {"failures": 2, "lastFailureTime": "9999-12-31T23:59:59-23:59"}, {}, id="after 9999"
        ),
    ],
)
def test_a_spoilt_record_is_read_as_well_as_it_can_be(
    spoilt: dict[str, Any], status: dict[str, Any]
) -> None:
    """
    Whatever somebody wrote into the status, the pass goes on, with the back-off if there is a time.
    """
    pods = [ended("new", age=-SECOND), ended("old")]
    spoilt = {"newestPodTime": rfc3339(NOW), **spoilt}

    expected = replacement(pods, status, NOW)

    assert ({"new"} if status else {"new", "old"}) == {p.meta.key.name for p in expected.held}
    assert expected == replacement(pods, spoilt, NOW)


def test_a_record_of_an_earlier_version_is_kept_as_it_is() -> None:
    """
    Without the newest Pod's time none is made up: the API server takes no empty one.
    """
    earlier = {"failures": 2, "lastFailureTime": rfc3339(NOW)}

    assert earlier == replacement([], earlier, NOW).record


@pytest.mark.parametrize("created", ["", "yesterday", "0001-01-01T00:00:00+23:59"])
@pytest.mark.parametrize("late_too", [False, True])
def test_a_pod_whose_age_cannot_be_read_is_replaced(created: str, late_too: bool) -> None:
    """
    Nobody knows whether it ended early, so that it is neither held nor counted.
    """
    pod = a_pod("p", phase="Failed", created=created)

    sorted_ = replacement([pod], recorded(3), NOW, late_too=late_too)

    assert ((pod,), (), recorded(3)) == (sorted_.due, sorted_.held, sorted_.record)


def test_a_large_group_that_ends_once_is_one_failure() -> None:
    """
    What a pass leaves to the next one belongs to the same failure: it neither waits nor counts.
    """
    pods = [ended(f"p{n}") for n in range(2 * MAX_ACTIONS)]
    status: dict[str, Any] = {}
    for _ in range(5):
        group = a_worker_group(replicas=2 * MAX_ACTIONS, status=status)
        taken = {pod.meta.key.name for pod in pods}
        plan = plan_worker_group(ObservedWorkerGroup(group, a_cluster(), "", pods, taken), NOW)
        done = plan.actions[:MAX_ACTIONS]
        deleted = {action.key for action in done if isinstance(action, Delete)}
        made = [a_pod(action.key.name) for action in done if isinstance(action, Create)]
        pods = [pod for pod in pods if pod.meta.key not in deleted] + made
        status = plan.status or {}

    assert (2 * MAX_ACTIONS, 1) == (sum(pod.alive for pod in pods), status["failures"])
    assert 2 * MAX_ACTIONS == len(pods)


def test_a_node_that_goes_is_one_failure() -> None:
    """
    Its Pods end within minutes of each other, and those made before the first end do not wait.
    """
    pods = [ended(f"p{n}", age=timedelta(minutes=1)) for n in range(3)]
    status: dict[str, Any] = {}
    for number, pod in enumerate(pods):
        seen = NOW + timedelta(minutes=number)
        running = [other._replace(phase="Running") for other in pods[number + 1 :]]
        status, then = made_up_for([pod, *running], status, seen)
        assert (seen, recorded(1, newest=60)) == (then, status)


def pods_of(ages: st.SearchStrategy[int]) -> st.SearchStrategy[list[Pod]]:
    return st.lists(ages, max_size=8).map(
        lambda ages: [ended(f"p{n}", age=timedelta(seconds=age)) for n, age in enumerate(ages)]
    )


many_pods = pods_of(st.integers(-3600, 3600))
# Whole seconds: a record of ours has no others, and another's is rounded when it is first stored.
moments = st.integers(-2 * 3600, 2 * 3600).map(lambda s: rfc3339(NOW + timedelta(seconds=s)))
statuses = st.fixed_dictionaries(
    {},
    optional={
        "failures": st.none() | st.integers(0, 12) | st.integers(0, 2**63),
        "lastFailureTime": st.none() | moments,
        "newestPodTime": st.none() | moments,
    },
)
nows = st.integers(0, 10**6 - 1).map(lambda micros: NOW + timedelta(microseconds=micros))


@given(pods=many_pods, status=statuses, now=nows, late_too=st.booleans())
def test_every_pod_is_due_or_held(
    pods: list[Pod], status: dict[str, Any], now: datetime, late_too: bool
) -> None:
    """
    None is forgotten and none is in both; who is held waits up to 5 minutes, or is recorded now.
    """
    sorted_ = replacement(pods, status, now, late_too=late_too)
    known = replacement([], status, now).record

    assert pods == sorted([*sorted_.due, *sorted_.held], key=lambda pod: pod.meta.key)
    assert timedelta(0) < (sorted_.wait or SECOND) <= LONGEST_DELAY
    assert sorted_.held or sorted_.wait is None
    counted = {
        "failures": known["failures"] + 1,
        "lastFailureTime": rfc3339(now),
        "newestPodTime": max((pod.meta.created for pod in pods), default=""),
    }
    assert (counted if sorted_.held and not sorted_.wait else known) == sorted_.record


@given(pods=pods_of(st.integers(1, 3600)), status=statuses, now=nows)
def test_who_waits_is_replaced_in_the_end(
    pods: list[Pod], status: dict[str, Any], now: datetime
) -> None:
    """
    With the record stored and the wait over, nothing is held any more, and it was one failure.
    """
    first = replacement(pods, status, now)
    known = replacement([], status, now).record["failures"]

    stored, then = made_up_for(pods, status, now)

    assert now + (first.wait or timedelta(0)) == then
    assert stored["failures"] in {0, 1, known, known + 1}
    assert first.wait is None or stored["failures"] in {0, known + 1}


@given(pods=many_pods, status=statuses, now=nows, late_too=st.booleans())
def test_looking_again_changes_nothing(
    pods: list[Pod], status: dict[str, Any], now: datetime, late_too: bool
) -> None:
    """
    While Pods are held, and once they are recorded, the record stays, so that nothing is written.
    """
    first = replacement(pods, status, now, late_too=late_too)

    again = replacement(first.held, first.record, now, late_too=late_too)

    assert first.record == again.record
    assert not first.wait or (first.held, first.wait) == (again.held, again.wait)
