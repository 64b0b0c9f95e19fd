"""Which Event objects tell what happened."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daskop.api.meta import Meta
from daskop.api.resources import CLUSTERS, PODS
from daskop.plan.actions import Event
from daskop.runtime.event_correlator import (
    FOLDED_PREFIX,
    NAME_LENGTH,
    SIMILAR_EVENTS,
    SIMILAR_SECONDS,
    SPAM_BURST,
    SPAM_RATE,
    TABLE_SIZE,
    EventCorrelator,
    Report,
)
from tests.unit.builders import a_meta
from tests.unit.fakes.clock import SteppedClock

META = a_meta("c", "uid")
EVENT = Event("Failed", "It failed.")
TOKEN_SECONDS = 1 / SPAM_RATE


class Correlation:
    """A correlator and its clock; by default everything is about one object."""

    def __init__(self) -> None:
        self.clock = SteppedClock()
        self._correlator = EventCorrelator(self.clock)

    def of(self, event: Event, meta: Meta = META) -> Report | None:
        """What is written, if anything is."""
        return self._correlator.correlate(CLUSTERS, meta, event)

    def written(self, event: Event, meta: Meta = META) -> Report:
        """What is written."""
        report = self.of(event, meta)
        assert report is not None
        return report


@pytest.fixture
def correlation() -> Correlation:
    return Correlation()


def numbered(number: int) -> Event:
    return replace(EVENT, message=f"It failed {number} times.")


def test_the_same_event_is_counted(correlation: Correlation) -> None:
    """
    A repetition has the first one's name and time, its own time, and a higher count.
    """
    first = correlation.written(EVENT)
    correlation.clock.step(5)
    second = correlation.written(EVENT)

    assert (1, False, EVENT.message) == (first.count, first.repeated, first.message)
    assert replace(first, count=2, repeated=True, last=correlation.clock.now()) == second


@pytest.mark.parametrize(
    ("meta", "event"),
    [
        pytest.param(a_meta("d", "uid"), EVENT, id="object"),
        pytest.param(a_meta("c", "uid-2"), EVENT, id="object made anew"),
        pytest.param(META, replace(EVENT, warning=True), id="type"),
        pytest.param(META, replace(EVENT, reason="Other"), id="reason"),
        pytest.param(META, replace(EVENT, message="Other."), id="message"),
    ],
)
def test_another_event_is_told_apart(correlation: Correlation, meta: Meta, event: Event) -> None:
    """
    Events that differ in anything have Event objects of their own.
    """
    first = correlation.written(EVENT)
    second = correlation.written(event, meta)

    assert first.name != second.name
    assert (1, False) == (second.count, second.repeated)


def test_objects_of_two_kinds_are_told_apart() -> None:
    """
    A Pod and a cluster of one name have Event objects of their own.
    """
    correlator = EventCorrelator(SteppedClock())

    reports = [correlator.correlate(kind, META, EVENT) for kind in (PODS, CLUSTERS)]

    assert [1, 1] == [report and report.count for report in reports]


def test_messages_that_vary_are_folded(correlation: Correlation) -> None:
    """
    The tenth different message and all after it share one object, which tells the newest one.
    """
    alone = [correlation.written(numbered(n)) for n in range(SIMILAR_EVENTS - 1)]
    folded = [correlation.written(numbered(n)) for n in range(SIMILAR_EVENTS, SIMILAR_EVENTS + 3)]

    assert SIMILAR_EVENTS == len({report.name for report in alone + folded})
    assert FOLDED_PREFIX + numbered(SIMILAR_EVENTS).message == folded[0].message
    assert FOLDED_PREFIX + numbered(SIMILAR_EVENTS + 2).message == folded[-1].message
    assert [1, 2, 3] == [report.count for report in folded]
    assert [False, True, True] == [report.repeated for report in folded]


def test_a_message_with_an_object_of_its_own_keeps_it(correlation: Correlation) -> None:
    """
    What was told before the folding began is counted where it was told.
    """
    first = correlation.written(numbered(0))
    for number in range(1, SIMILAR_EVENTS + 2):
        correlation.written(numbered(number))

    again = correlation.written(numbered(0))

    assert (first.name, numbered(0).message, 2) == (again.name, again.message, again.count)


@pytest.mark.parametrize(
    ("seconds", "folded"), [(SIMILAR_SECONDS, True), (SIMILAR_SECONDS + 1, False)]
)
def test_folding_ends_with_a_quiet_time(
    correlation: Correlation, seconds: float, folded: bool
) -> None:
    """
    Ten minutes after the last similar event a message is told by itself again.
    """
    for number in range(SIMILAR_EVENTS):
        correlation.written(numbered(number))
    correlation.clock.step(seconds)

    report = correlation.written(numbered(SIMILAR_EVENTS))

    assert folded == report.message.startswith(FOLDED_PREFIX)


def test_other_reasons_are_not_folded(correlation: Correlation) -> None:
    """
    Ten messages of ten reasons are ten different things.
    """
    events = [replace(numbered(n), reason=f"Reason{n}") for n in range(SIMILAR_EVENTS)]

    assert all(event.message == correlation.written(event).message for event in events)


def test_one_object_cannot_flood_the_server(correlation: Correlation) -> None:
    """
    After 25 writes about an object there is one in five minutes; it tells what was left out.
    """
    burst = [correlation.of(EVENT) for _ in range(SPAM_BURST)]
    suppressed = [correlation.of(EVENT) for _ in range(3)]
    other = correlation.of(EVENT, a_meta("d", "uid-d"))
    correlation.clock.step(TOKEN_SECONDS + 1)
    later = correlation.written(EVENT)

    assert None not in burst
    assert [None] * 3 == suppressed
    assert other is not None
    assert SPAM_BURST + 4 == later.count
    assert correlation.of(EVENT) is None


def test_what_was_only_suppressed_is_not_there(correlation: Correlation) -> None:
    """
    The first report of an event makes its object, also if the event is not new.
    """
    for _ in range(SPAM_BURST):
        correlation.written(EVENT)
    other = replace(EVENT, reason="Other")
    assert correlation.of(other) is None
    correlation.clock.step(TOKEN_SECONDS + 1)

    report = correlation.written(other)

    assert (2, False) == (report.count, report.repeated)
    assert report.first < report.last


@pytest.mark.parametrize(("others", "repeated"), [(TABLE_SIZE - 1, True), (TABLE_SIZE, False)])
def test_the_memory_is_bounded(correlation: Correlation, others: int, repeated: bool) -> None:
    """
    What was used least recently is forgotten once 4096 others are known.
    """
    correlation.written(numbered(0), a_meta("first", "uid-first"))
    correlation.written(EVENT)
    correlation.written(numbered(0), a_meta("first", "uid-first"))
    for number in range(others - 1):
        correlation.written(EVENT, a_meta("c", f"uid-{number}"))

    assert correlation.written(EVENT).repeated == repeated
    assert correlation.written(numbered(0), a_meta("first", "uid-first")).repeated == repeated


@pytest.mark.parametrize("name", ["n" * 253, "n" * 219 + "-.-" + "n" * 20])
def test_a_long_name_is_cut(correlation: Correlation, name: str) -> None:
    """
    An Event's name is a valid one, whatever the name of the object.
    """
    event_name = correlation.written(EVENT, a_meta(name, "uid")).name
    label, suffix = event_name.split(".")

    assert len(event_name) <= NAME_LENGTH
    assert "n" == label[-1]
    assert 32 == len(suffix)


EVENTS = st.builds(
    Event,
    reason=st.sampled_from(["A", "B"]),
    message=st.integers(0, 20).map(str),
    warning=st.booleans(),
)
STREAMS = st.lists(
    st.tuples(EVENTS, st.sampled_from(["c", "d"]), st.sampled_from([0, 1, 200, 700])),
    max_size=120,
)


@given(STREAMS)
def test_the_counts_add_up(stream: list[tuple[Event, str, int]]) -> None:
    """
    Nothing is counted twice, and nothing is missing but what was suppressed.
    """
    correlation = Correlation()
    told: dict[str, int] = {}
    writes: Counter[str] = Counter()
    for event, name, seconds in stream:
        correlation.clock.step(seconds)
        report = correlation.of(event, a_meta(name, name))
        if report is not None:
            assert report.count > told.get(report.name, 0)
            assert report.repeated == (report.name in told)
            told[report.name] = report.count
            writes[name] += 1

    suppressed = len(stream) - writes.total()
    assert sum(told.values()) <= len(stream) <= sum(told.values()) + suppressed
    limit = SPAM_BURST + correlation.clock.monotonic() * SPAM_RATE
    assert all(count <= limit for count in writes.values())


@given(st.lists(st.tuples(st.integers(0, SIMILAR_EVENTS - 2), st.sampled_from([0, 100]))))
def test_each_event_is_counted_by_its_own_object(stream: list[tuple[int, int]]) -> None:
    """
    Unless messages are folded, an object's count and what was suppressed since are all of it.
    """
    correlation = Correlation()
    recorded: Counter[int] = Counter()
    told: Counter[int] = Counter()
    suppressed: Counter[int] = Counter()
    for number, seconds in stream:
        correlation.clock.step(seconds)
        recorded[number] += 1
        report = correlation.of(numbered(number))
        told[number] = report.count if report else told[number]
        suppressed[number] = 0 if report else suppressed[number] + 1

    assert recorded == told + suppressed
