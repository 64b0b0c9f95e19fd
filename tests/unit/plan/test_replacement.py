"""When Pods that ended are replaced."""

from datetime import timedelta
from typing import Any

import pytest

from daskop.api.children import Pod
from daskop.api.conditions import rfc3339
from daskop.api.meta import NamespacedName
from daskop.plan.replacement import EARLY, LONGEST_DELAY, Replacement, replacement
from tests.unit.builders import NAMESPACE, a_pod
from tests.unit.plan.ends import NOW, SECOND, ended, made_up_for, recorded

DELAYS = pytest.mark.parametrize(
    ("failures", "seconds"),
    [(1, 10), (2, 20), (3, 40), (4, 80), (5, 160), (6, 300), (7, 300), (100, 300), (10**9, 300)],
)


@DELAYS
def test_a_pod_that_ends_early_is_held(failures: int, seconds: int) -> None:
    """
    The delay doubles with each failure from 10 seconds up to 5 minutes, and holding changes nothing.
    """
    status, pod = recorded(failures, ago=2), ended()

    wait = timedelta(seconds=seconds - 2)
    held = Replacement((), (pod,), wait, rfc3339(NOW + wait), status)
    assert held == replacement([pod], status, NOW)


@DELAYS
def test_a_held_pod_is_replaced_when_its_time_has_come(failures: int, seconds: int) -> None:
    """
    A second too early it is held for that second; then it is recorded, and after that replaced.
    """
    pod = ended()
    almost = replacement([pod], recorded(failures, ago=seconds - 1), NOW)
    over = replacement([pod], recorded(failures, ago=seconds), NOW)
    stored = replacement([pod], over.record, NOW)

    assert ((pod,), SECOND) == (almost.held, almost.wait)
    assert Replacement(held=(pod,), record=recorded(failures + 1, newest=1)) == over
    assert Replacement(due=(pod,), record=recorded(failures + 1, newest=1)) == stored


def test_a_worker_that_ends_at_once_each_time() -> None:
    """
    From the first replacement on, each one takes as long as the table says.
    """
    status: dict[str, Any] = {}
    now, took = NOW, []
    for _ in range(8):
        pod = ended(now=now, age=timedelta(0))
        status, then = made_up_for([pod], status, now + SECOND)
        took.append((then - now).total_seconds())
        now = then

    assert [1, 10, 20, 40, 80, 160, 300, 300] == took
    assert 8 == status["failures"]


@pytest.mark.parametrize("status", [{}, {"failures": 0}, recorded(4, ago=600)], ids=str)
def test_the_first_pods_that_end_are_replaced_at_once(status: dict[str, Any]) -> None:
    """
    All of them are one failure; it is recorded before any of them is touched.
    """
    pods = (ended("a"), ended("b", age=2 * SECOND))

    first = replacement(pods, status, NOW)

    record = recorded(1, newest=1)
    assert Replacement(held=pods, record=record) == first
    assert Replacement(due=pods, record=record) == replacement(pods, first.record, NOW)


@pytest.mark.parametrize("pass_after", [timedelta(0), SECOND, EARLY - SECOND], ids=str)
@pytest.mark.parametrize("late_too", [False, True])
def test_a_replacement_that_is_cut_off_is_taken_up_again(
    pass_after: timedelta, late_too: bool
) -> None:
    """
    Pods that are recorded are due until they are gone, and are not counted once more.
    """
    pods = (ended("a"), ended("b", age=EARLY))

    again = replacement(pods, recorded(3), NOW + pass_after, late_too=late_too)

    assert Replacement(due=pods, record=recorded(3)) == again


@pytest.mark.parametrize(
    ("seconds_after", "counts"), [(-60, False), (-1, False), (0, False), (1, True), (4, True)]
)
@pytest.mark.parametrize("late_too", [False, True])
def test_only_a_pod_made_after_the_last_failure_is_another_one(
    seconds_after: int, counts: bool, late_too: bool
) -> None:
    """
    An older one belongs to that failure, and is replaced at once, whenever its end is seen.
    """
    status = recorded(2, ago=5)
    pod = ended(age=timedelta(seconds=5 - seconds_after))

    sorted_ = replacement([pod], status, NOW, late_too=late_too)

    wait = timedelta(seconds=15) if counts else None
    found = (sorted_.due, sorted_.held, sorted_.wait, sorted_.record)
    assert (((), (pod,)) if counts else ((pod,), ())) + (wait, status) == found


@pytest.mark.parametrize(("ago", "failures"), [(599, 8), (600, 1), (601, 1), (86400, 1)], ids=str)
def test_failures_are_forgotten_after_ten_minutes(ago: int, failures: int) -> None:
    """
    Who was well for that long begins anew.
    """
    status = recorded(7, ago=ago)

    assert recorded(failures, newest=1) == replacement([ended()], status, NOW).record


LATE = [(ended(age=EARLY),), (ended(age=timedelta(days=1)),)]
NO_AGE = (a_pod("p", phase="Failed"),)
STATUSES = pytest.mark.parametrize(
    ("status", "record"),
    [
        pytest.param({}, {"failures": 0}, id="no failure yet"),
        pytest.param(recorded(3, ago=599), recorded(3, ago=599), id="recent"),
        pytest.param(recorded(3, ago=600), {"failures": 0}, id="long ago"),
    ],
)


@STATUSES
@pytest.mark.parametrize(
    "pods", [(), *LATE, NO_AGE], ids=["none", "10 minutes", "a day", "age unknown"]
)
def test_pods_that_lived_long_are_no_failure(
    pods: tuple[Pod, ...], status: dict[str, Any], record: dict[str, Any]
) -> None:
    """
    They are replaced at once, and what is recorded of others neither holds them nor counts them.
    """
    assert Replacement(due=pods, record=record) == replacement(pods, status, NOW)


@STATUSES
@pytest.mark.parametrize("pods", [(), NO_AGE], ids=["none", "age unknown"])
def test_what_is_no_end_or_has_no_age_is_no_failure_anywhere(
    pods: tuple[Pod, ...], status: dict[str, Any], record: dict[str, Any]
) -> None:
    """
    Also where Pods count that lived long.
    """
    assert Replacement(due=pods, record=record) == replacement(pods, status, NOW, late_too=True)


@pytest.mark.parametrize("status", [{}, recorded(3, ago=600)], ids=["none", "long ago"])
@pytest.mark.parametrize("pods", LATE, ids=["10 minutes", "a day"])
def test_pods_that_lived_long_count_if_they_are_to(
    pods: tuple[Pod, ...], status: dict[str, Any]
) -> None:
    """
    A scheduler or a runner that ends after a day is recorded and then replaced.
    """
    first = replacement(pods, status, NOW, late_too=True)
    then = replacement(pods, first.record, NOW, late_too=True)

    record = {**recorded(1), "newestPodTime": pods[0].meta.created}
    assert Replacement(held=pods, record=record) == first
    assert Replacement(due=pods, record=record) == then


@pytest.mark.parametrize(
    ("status", "age", "wait", "record"),
    [
        pytest.param({}, EARLY - SECOND, None, recorded(1, newest=599), id="just early"),
        pytest.param(
            recorded(2, ago=5), SECOND, timedelta(seconds=15), recorded(2, ago=5), id="held"
        ),
    ],
)
def test_a_pod_that_lived_long_does_not_wait_for_one_that_did_not(
    status: dict[str, Any], age: timedelta, wait: timedelta | None, record: dict[str, Any]
) -> None:
    """
    A second less than ten minutes is early, ten minutes are not.
    """
    early, late = ended("early", age=age), ended("late", age=EARLY)

    sorted_ = replacement([early, late], status, NOW)

    at = rfc3339(NOW + wait) if wait else ""
    assert Replacement((late,), (early,), wait, at, record) == sorted_


def test_the_time_of_a_replacement_stands() -> None:
    """
    Passes in between tell the same time, so that nothing is written again.
    """
    passes = (NOW + timedelta(seconds=late) for late in (0, 1, 7.5))

    told = {replacement([ended()], recorded(2, ago=2), moment).at for moment in passes}

    assert {rfc3339(NOW + timedelta(seconds=18))} == told


def test_a_held_pod_grows_old() -> None:
    """
    If nobody has looked for ten minutes, what was recorded is forgotten, and it counts as the first.
    """
    held = replacement([ended()], recorded(6, ago=2), NOW)

    later = replacement(held.held, held.record, NOW + EARLY)

    assert timedelta(seconds=298) == held.wait
    assert Replacement(held=(ended(),), record=recorded(1, ago=-600, newest=1)) == later


def test_a_clock_that_went_back_does_not_end_the_back_off() -> None:
    """
    With a failure in the future, Pods that end at once are neither held for ever nor never.
    """
    status, now, took = recorded(2, ago=-3600), NOW, []
    for _ in range(8):
        pod = ended(now=now, age=timedelta(0))
        status, then = made_up_for([pod], status, now + SECOND)
        took.append(then - now)
        now = then

    assert max(took) <= LONGEST_DELAY + SECOND
    assert now - NOW >= timedelta(minutes=2)


@pytest.mark.parametrize("minutes", [-60, -9, 0, 9, 60])
def test_the_operators_clock_may_be_another_one(minutes: int) -> None:
    """
    When Pods were made and when they ended is the cluster's to say, and compared with nothing else.
    """
    ahead = timedelta(minutes=minutes)
    status: dict[str, Any] = {}
    now, took = NOW, []
    for _ in range(4):
        pod = ended(now=now - ahead, age=timedelta(0))
        status, then = made_up_for([pod], status, now + SECOND)
        took.append((then - now).total_seconds())
        now = then

    assert [1, 10, 20, 40] == took


@pytest.mark.parametrize(
    "age", [timedelta(seconds=s) for s in (2, 1, 0, -30)], ids=["2 s", "1 s", "0 s", "clock ahead"]
)
def test_an_end_is_counted_once(age: timedelta) -> None:
    """
    Also of a Pod that a kubelet turns away at once, or whose API server's clock is ahead of ours.
    """
    status, then = made_up_for([ended(age=age)], {}, NOW)

    assert (1, NOW) == (status["failures"], then)


def test_sorting_is_linear() -> None:
    """
    Of ten thousand Pods that ended, each is not compared with each.
    """
    compared = []

    class Name(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            compared.append(other)
            return super().__eq__(other)

    def a_named_pod(number: int) -> Pod:
        key = NamespacedName(NAMESPACE, Name(f"p{number}"))
        pod = ended(age=EARLY if number % 2 else SECOND)
        return pod._replace(meta=pod.meta._replace(key=key))

    pods = [a_named_pod(number) for number in range(200)]
    sorted_ = replacement(pods, recorded(1, ago=2), NOW)

    assert (100, 100) == (len(sorted_.due), len(sorted_.held))
    assert len(compared) <= 2 * len(pods)
