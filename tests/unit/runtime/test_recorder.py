"""The event recorder, against a fake API server."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Self

import pytest

from daskop.api.meta import Manifest, NamespacedName
from daskop.api.resources import CLUSTERS, EVENTS, Resource
from daskop.clock import SystemClock
from daskop.errors import (
    AlreadyExistsError,
    ConnectionFailedError,
    DaskopError,
    ForbiddenError,
    InvalidError,
    NamespaceTerminatingError,
    NotFoundError,
    NotLeaderError,
    ServerError,
    TooManyRequestsError,
)
from daskop.metrics import Metrics
from daskop.plan.actions import Event
from daskop.runtime.event_correlator import FOLDED_PREFIX
from daskop.runtime.recorder import QUEUE_LENGTH, TRIES, EventRecorder, pause_seconds
from tests.unit.builders import a_meta
from tests.unit.fakes.clock import SteppedClock
from tests.unit.fakes.kube import FakeKube

BOUND_SECONDS = 8.0
EVENT = Event("Failed", "It failed.")
OTHER = Event("Other", "Something else.")
OFFLINE = ConnectionFailedError("connection refused")
SICK = ServerError(503, "ServiceUnavailable", "etcd is away")
BUSY = TooManyRequestsError(429, "TooManyRequests", "later", 15)


class HastyClock(SteppedClock):
    """Lets every pause pass while one looks at the clock."""

    def monotonic(self) -> float:
        self.step(20)
        return super().monotonic()


class MoodyKube(FakeKube):
    """Meets each write with the next of *moods*: an error, or a wait; then all is well."""

    def __init__(self, *moods: Exception | threading.Event) -> None:
        super().__init__()
        self.moods = list(moods)
        self.was_asked = threading.Event()

    def create(self, resource: Resource, manifest: Manifest) -> dict[str, Any]:
        self._meet()
        return super().create(resource, manifest)

    def merge_patch(
        self, resource: Resource, key: NamespacedName, body: Manifest, subresource: str = ""
    ) -> dict[str, Any]:
        self._meet()
        return super().merge_patch(resource, key, body, subresource)

    @property
    def events(self) -> list[dict[str, Any]]:
        return self.listed(EVENTS.plural)[0]

    def _meet(self) -> None:
        self.was_asked.set()
        mood = self.moods.pop(0) if self.moods else None
        if isinstance(mood, Exception):
            raise mood
        if mood is not None:
            assert mood.wait(BOUND_SECONDS)


class Recording:
    """A recorder that runs within the block, and until every event has met its fate."""

    def __init__(self, kube: FakeKube, clock: SteppedClock | None = None) -> None:
        self._metrics = Metrics()
        self.recorder = EventRecorder(kube, clock or SteppedClock(), self._metrics, "operator-0")

    def __enter__(self) -> Self:
        self.recorder.start()
        return self

    def __exit__(self, *_: object) -> None:
        settled = self.recorder.flush(BOUND_SECONDS)
        self.recorder.stop()
        assert (True, False) == (settled, self.recorder.alive)

    def record(self, event: Event, name: str = "c", version: str = "1") -> None:
        meta = a_meta(name, f"uid-{name}")._replace(resource_version=version)
        self.recorder.record(CLUSTERS, meta, event)

    @property
    def fates(self) -> dict[str, float]:
        """How many events met which fate; no entry for none."""
        (family,) = self._metrics.events.collect()
        return {sample.labels["fate"]: sample.value for sample in family.samples if sample.value}


def test_an_event_is_complete_and_a_repetition_changes_only_its_figures() -> None:
    """
    The Event says what happened, to which object, when and how often, and who reports it.
    """
    kube, clock = MoodyKube(), SteppedClock()
    with Recording(kube, clock) as running:
        running.record(replace(EVENT, warning=True))
        clock.step(61.5)
        running.record(replace(EVENT, warning=True), version="2")

    (event,) = kube.events
    metadata = event.pop("metadata")
    assert ("ns", "c.") == (metadata["namespace"], metadata["name"][:2])
    assert {
        "apiVersion": "v1",
        "kind": "Event",
        "involvedObject": {
            "apiVersion": "kubernetes.dask.org/v1",
            "kind": "DaskCluster",
            "namespace": "ns",
            "name": "c",
            "uid": "uid-c",
            "resourceVersion": "1",
        },
        "reason": "Failed",
        "message": "It failed.",
        "type": "Warning",
        "firstTimestamp": "2026-01-01T00:00:00Z",
        "lastTimestamp": "2026-01-01T00:01:01Z",
        "count": 2,
        "source": {"component": "daskop"},
        "reportingComponent": "daskop",
        "reportingInstance": "operator-0",
    } == event
    assert ["create", "patch"] == [write.split()[0] for write in kube.writes]
    assert {"written": 2} == running.fates


def test_a_failure_that_lasts_makes_few_events() -> None:
    """
    Ten minutes of one failure with a number that varies are ten Events, not 120.
    """
    kube, clock = MoodyKube(), SteppedClock()
    with Recording(kube, clock) as running:
        for number in range(120):
            running.record(Event("QuotaExceeded", f"used: {number}, limit: 3", warning=True))
            clock.step(5)

    assert 10 == len(kube.events)
    assert 1 == sum(event["message"].startswith(FOLDED_PREFIX) for event in kube.events)
    assert {"written": 26, "suppressed": 94} == running.fates


ALREADY_THERE = AlreadyExistsError(409, "AlreadyExists", "an answer was lost")
LASTING = [
    ForbiddenError(403, "Forbidden", "no right"),
    InvalidError(422, "Invalid", "no such type"),
    NotFoundError(404, "NotFound", "no such namespace"),
    NamespaceTerminatingError(403, "Forbidden", "the namespace ends"),
    ZeroDivisionError("a bug"),
]


@pytest.mark.parametrize(
    ("failures", "fates"),
    [
        pytest.param([OFFLINE] * (TRIES - 1), {"written": 2}, id="offline for a while"),
        pytest.param([SICK, BUSY], {"written": 2}, id="sick and busy for a while"),
        pytest.param([OFFLINE, ALREADY_THERE], {"written": 2}, id="lost answer"),
        pytest.param([OFFLINE] * TRIES, {"failed": 1, "written": 1}, id="offline for long"),
        pytest.param([NotLeaderError("no")], {"dropped": 1, "written": 1}, id="not leader"),
        *(pytest.param([e], {"failed": 1, "written": 1}, id=repr(e)) for e in LASTING),
    ],
)
def test_failures(failures: list[Exception], fates: dict[str, float]) -> None:
    """
    What may pass is tried again, twelve times in all, what lasts is not, and the next event follows.
    """
    kube = MoodyKube(*failures)
    with Recording(kube, HastyClock()) as running:
        running.record(EVENT)
        running.record(OTHER)

    written = fates["written"] - (ALREADY_THERE in failures)
    assert ["Failed", "Other"][-int(written) :] == [event["reason"] for event in kube.events]
    assert [] == kube.moods
    assert fates == running.fates


@pytest.mark.parametrize("failures", [[SICK, OFFLINE], []], ids=["tried again", "expired"])
def test_a_patch_that_fails(failures: list[Exception]) -> None:
    """
    It is tried again too; an Event that the server keeps no more is made anew with its count.
    """
    kube = MoodyKube()
    with Recording(kube, HastyClock()) as running:
        running.record(EVENT)
        assert running.recorder.flush(BOUND_SECONDS)
        metadata = kube.events[0]["metadata"]
        if not failures:
            kube.delete(EVENTS, NamespacedName("ns", metadata["name"]), metadata["uid"])
        kube.moods = list(failures)
        running.record(EVENT)

    assert [(metadata["name"], 2)] == [(e["metadata"]["name"], e["count"]) for e in kube.events]
    assert {"written": 2} == running.fates


@pytest.mark.parametrize(
    ("tries", "error", "least", "most"),
    [(1, OFFLINE, 0, 10), (2, OFFLINE, 10, 10), (11, SICK, 10, 10), (1, BUSY, 15, 15)],
)
def test_pauses(tries: int, error: DaskopError, least: float, most: float) -> None:
    """
    Ten seconds, at random after the first try, or what the server asks for if that is more.
    """
    assert least <= pause_seconds(tries, error) <= most


@pytest.mark.parametrize("hangs", [True, False], ids=["hangs", "is away"])
def test_a_server_in_trouble_holds_up_nobody(hangs: bool) -> None:
    """
    Events are recorded at once, what the queue cannot hold is dropped, and stop is prompt.
    """
    answer = threading.Event()
    kube = MoodyKube(answer if hangs else OFFLINE)
    running = Recording(kube)
    running.recorder.start()
    try:
        running.record(EVENT)
        assert kube.was_asked.wait(BOUND_SECONDS)
        begun = SystemClock().monotonic()
        for number in range(QUEUE_LENGTH + 500):
            running.record(EVENT, f"c{number}")
        seconds = SystemClock().monotonic() - begun
        dropped, flushed = running.fates, running.recorder.flush(0.01)
    finally:
        running.recorder.stop()
        left_behind = running.recorder.alive
        answer.set()
        ended = running.recorder.flush(BOUND_SECONDS)
        running.recorder.stop()

    assert seconds < 2
    assert ({"dropped": 500}, False, True) == (dropped, flushed, ended)
    assert (hangs, False) == (left_behind, running.recorder.alive)
    assert ({"written": 1} if hangs else {}) | {"dropped": 1501 - hangs} == running.fates


@pytest.mark.parametrize(
    ("event", "reason", "message"),
    [
        (Event("R", "m" * 1024), "R", "m" * 1024),
        (Event("R" * 129, "m" * 1025), f"{'R' * 63}…{'R' * 62}", f"{'m' * 511}…{'m' * 510}"),
        (Event("R", "ä" * 600), "R", f"{'ä' * 255}…{'ä' * 255}"),
    ],
    ids=["fits", "too long", "too many bytes"],
)
def test_long_texts_are_cut(event: Event, reason: str, message: str) -> None:
    """
    A text that the API server would refuse has an ellipsis in place of its middle.
    """
    kube = MoodyKube()
    with Recording(kube) as running:
        running.record(event)

    assert [(reason, message)] == [(e["reason"], e["message"]) for e in kube.events]


def test_record_never_raises() -> None:
    """
    Not for half a character, nor without a start or after the stop: each event is counted.
    """
    running = Recording(MoodyKube())
    running.record(replace(EVENT, message="\ud800"))
    running.record(OTHER)
    running.recorder.stop()
    running.record(OTHER)

    assert running.recorder.flush(0)
    assert {"failed": 1, "dropped": 2} == running.fates


def test_many_threads_may_record() -> None:
    """
    Each event meets one fate, and the Event ends with the highest count that was written.
    """
    kube = MoodyKube()
    with Recording(kube) as running, ThreadPoolExecutor(4) as pool:
        list(pool.map(running.record, [EVENT] * 40))

    assert [25] == [event["count"] for event in kube.events]
    assert {"written": 25, "suppressed": 15} == running.fates
