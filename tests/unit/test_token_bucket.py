"""The token bucket."""

import threading
from itertools import combinations_with_replacement
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daskop.token_bucket import TokenBucket
from tests.unit.fakes.clock import SteppedClock

A_LITTLE = 1e-6
"""What adding up many floats may cost."""

RATES = st.sampled_from([0.1, 1.0, 3.0, 10.0])
BURSTS = st.integers(1, 5)
STEPS = st.lists(st.tuples(st.floats(0.0, 5.0), st.sampled_from(["take", "reserve"])), max_size=30)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


def taken(bucket: TokenBucket, tries: int) -> int:
    return sum(bucket.try_take() for _ in range(tries))


def test_it_begins_full_and_holds_no_more_than_its_burst(clock: SteppedClock) -> None:
    """
    The burst is there at the beginning, and no more than that after any rest.
    """
    bucket = TokenBucket(2.0, 3, clock)
    at_first = taken(bucket, 5)
    clock.step(1000)

    assert (3, 3) == (at_first, taken(bucket, 5))


def test_it_fills_at_its_rate(clock: SteppedClock) -> None:
    """
    Half a token is none, and two tokens a second are two a second.
    """
    bucket = TokenBucket(2.0, 3, clock)
    taken(bucket, 3)
    clock.step(0.25)
    half = taken(bucket, 1)
    clock.step(0.25)
    one = taken(bucket, 2)
    clock.step(1)

    assert (0, 1, 2) == (half, one, taken(bucket, 3))


def test_what_is_reserved_ahead_is_due_one_after_the_other(clock: SteppedClock) -> None:
    """
    Without a token each caller is told a later time, and time that passes shortens the wait.
    """
    bucket = TokenBucket(2.0, 1, clock)
    told = [bucket.reserve() for _ in range(3)]
    clock.step(1)

    assert [0.0, 0.5, 1.0] == told
    assert 0.5 == bucket.reserve()


def test_what_is_reserved_ahead_is_not_given_to_others(clock: SteppedClock) -> None:
    """
    A token that somebody waits for is not there for who comes by meanwhile.
    """
    bucket = TokenBucket(1.0, 1, clock)
    bucket.reserve()
    bucket.reserve()
    clock.step(1)
    before = bucket.try_take()
    clock.step(1)

    assert (False, True) == (before, bucket.try_take())


def test_threads_share_it(clock: SteppedClock) -> None:
    """
    However many threads take at one moment, they get the burst and no more.
    """
    bucket = TokenBucket(1.0, 50, clock)
    got: list[int] = []
    threads = [threading.Thread(target=lambda: got.append(taken(bucket, 30))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 50 == sum(got)


@given(rate=RATES, burst=BURSTS, steps=STEPS)
def test_no_interval_has_more_than_the_burst_and_the_rate(
    rate: float, burst: int, steps: list[tuple[float, str]]
) -> None:
    """
    Between any two moments no more tokens are due than the burst and what the rate brings.
    """
    clock = SteppedClock()
    bucket = TokenBucket(rate, burst, clock)
    due = []
    for seconds, way in steps:
        clock.step(seconds)
        if way == "reserve":
            due.append(clock.monotonic() + bucket.reserve())
        elif bucket.try_take():
            due.append(clock.monotonic())

    for begin, end in combinations_with_replacement(sorted(due), 2):
        granted = sum(begin <= moment <= end for moment in due)
        assert granted <= burst + rate * (end - begin) + A_LITTLE


@given(rate=RATES, burst=BURSTS, rests=st.lists(st.floats(0.0, 5.0), max_size=20))
def test_who_takes_all_there_is_gets_all_there_may_be(
    rate: float, burst: int, rests: list[float]
) -> None:
    """
    Nothing is lost between the tries: a greedy taker gets the burst and what each rest brings.
    """
    clock = SteppedClock()
    bucket = TokenBucket(rate, burst, clock)
    got = taken(bucket, burst)
    held = 0.0  # what is left after each try: less than one token, unless the bucket overflowed
    for seconds in rests:
        clock.step(seconds)
        held = min(float(burst), held + rate * seconds)
        expected = {floor(held - A_LITTLE), floor(held + A_LITTLE)}
        gained = taken(bucket, burst)
        got += gained
        held -= gained
        assert gained in expected
    assert got <= burst + rate * sum(rests) + A_LITTLE
