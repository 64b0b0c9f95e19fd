"""Reflector and informer, fed by a script instead of a server."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from daskop.api.children import Pod
from daskop.api.meta import Manifest, WatchEvent
from daskop.cache.backoff import Backoff
from daskop.cache.informer import Change, Informer
from daskop.cache.store import Store
from daskop.clock import SystemClock
from daskop.errors import ApiError, ConnectionFailedError, GoneError
from daskop.metrics import Metrics
from tests.unit.builders import key

BOUND_SECONDS = 8.0


def manifest(name: str, version: int, uid: str = "", **status: Any) -> dict[str, Any]:
    metadata = {
        "name": name,
        "namespace": "ns",
        "uid": uid or f"{name}-uid",
        "resourceVersion": str(version),
    }
    return {"metadata": metadata, "status": status}


def bookmark(version: int) -> WatchEvent:
    return WatchEvent("BOOKMARK", {"metadata": {"resourceVersion": str(version)}})


class Script:
    """A server that gives prepared lists and watches; after the last one it is silent."""

    def __init__(self, lists: list[Any], watches: list[list[Any]]) -> None:
        self._lists = lists
        self._watches = watches
        self.watched_from: list[str] = []
        self.idle = threading.Event()
        self._stopped = threading.Event()

    def pages(self) -> Iterator[tuple[list[Manifest], str]]:
        items = self._lists.pop(0)
        if isinstance(items, Exception):
            raise items
        yield items[:1], "100"
        yield items[1:], "100"

    def watch(self, resource_version: str) -> Iterator[WatchEvent]:
        self.watched_from.append(resource_version)
        if not self._watches:
            self.idle.set()
            self._stopped.wait(BOUND_SECONDS)
            return
        for event in self._watches.pop(0):
            if isinstance(event, Exception):
                raise event
            yield event

    def version(self) -> str:
        return "1000"

    def interrupt(self) -> None:
        self._stopped.set()

    def stop(self) -> None:
        self._stopped.set()


class NoPause(Backoff):
    """Tests of what happens need not wait for it."""

    def next(self) -> float:
        return 0.0


def an_informer(script: Script, store: Store[Pod], metrics: Metrics) -> Informer[Pod]:
    series = metrics.informer("pods")
    return Informer("pods", script, store, Pod.parse, series, SystemClock(), NoPause())


class Run:
    """An informer that has worked off a script."""

    def __init__(self, script: Script, *, broken_handler: bool = False) -> None:
        self.store: Store[Pod] = Store()
        self.changes: list[Change[Pod]] = []
        metrics = Metrics()
        informer = an_informer(script, self.store, metrics)
        if broken_handler:
            informer.add_handler(self._break)
        informer.add_handler(self.changes.append)
        informer.start()
        try:
            assert script.idle.wait(BOUND_SECONDS)
            self.synced = informer.has_synced
        finally:
            informer.stop()
            informer.join()
        labels = {"resource": "pods", "namespace": ""}
        self.lists = metrics.registry.get_sample_value("daskop_informer_lists_total", labels)

    @property
    def seen(self) -> list[str]:
        """Each change as the uids before and after, and a mark if a list told it."""
        return [
            f"{uid(change.old)}>{uid(change.new)}{' listed' if change.listed else ''}"
            for change in self.changes
        ]

    def _break(self, change: Change[Pod]) -> None:
        raise RuntimeError(str(change))


def uid(pod: Pod | None) -> str:
    return pod.meta.uid if pod else ""


def test_list_and_watch_fill_the_store() -> None:
    """
    What is listed, added and modified is stored, what is deleted is not, and handlers see all.
    """
    events = [
        WatchEvent("ADDED", manifest("b", 101)),
        WatchEvent("MODIFIED", manifest("a", 102, phase="Running")),
        WatchEvent("DELETED", manifest("b", 103)),
    ]
    run = Run(Script([[manifest("a", 1), manifest("c", 2)]], [events]))

    found = run.store.get(key("a"))
    assert found is not None
    assert ("Running", {key("a"), key("c")}) == (found.phase, set(run.store.snapshot()))
    told = [">a-uid listed", ">c-uid listed", ">b-uid", "a-uid>a-uid", "b-uid>"]
    assert told == run.seen
    assert run.synced


def test_a_new_watch_begins_where_the_last_one_ended() -> None:
    """
    The version of the last event or bookmark is kept, and nothing is listed again.
    """
    script = Script([[]], [[WatchEvent("ADDED", manifest("a", 101))], [bookmark(150)]])
    run = Run(script)

    assert ["100", "101", "150"] == script.watched_from
    assert 1 == run.lists


@pytest.mark.parametrize(
    "gone",
    [
        pytest.param([GoneError(410, "Expired", "too old")], id="as an answer"),
        pytest.param([bookmark(101), GoneError(410, "Expired", "too old")], id="as an event"),
    ],
)
def test_an_expired_version_is_answered_with_a_list(gone: list[Any]) -> None:
    """
    After 410 all is listed anew, and what is not listed any more is reported as gone.
    """
    run = Run(Script([[manifest("a", 1), manifest("b", 1)], [manifest("a", 1)]], [gone]))

    assert 2 == run.lists
    assert [key("a")] == run.store.snapshot()
    assert "b-uid> listed" == run.seen[-1]


def test_other_failures_are_tried_again() -> None:
    """
    A list that fails is made again; a watch that breaks off is begun again without a list.
    """
    script = Script([ApiError(500, "", "sick"), []], [[ConnectionFailedError("cut")]])
    run = Run(script)

    assert (1, ["100", "100"]) == (run.lists, script.watched_from)


def test_a_new_uid_under_an_old_name_is_two_changes() -> None:
    """
    An object that was deleted and made anew between two looks is told as both.
    """
    events = [WatchEvent("MODIFIED", manifest("a", 101, uid="second"))]
    run = Run(Script([[manifest("a", 1, uid="first")]], [events]))

    assert [">first listed", "first>", ">second"] == run.seen


def test_one_bad_object_or_handler_stops_nothing() -> None:
    """
    An object that cannot be read is left out, and a handler that raises does not silence others.
    """
    unreadable = {"metadata": {"name": "x", "namespace": "ns", "resourceVersion": "101"}}
    events = [WatchEvent("ADDED", unreadable), WatchEvent("ADDED", manifest("b", 102))]
    run = Run(Script([[manifest("a", 1)]], [events]), broken_handler=True)

    assert {key("a"), key("b")} == set(run.store.snapshot())
    assert [">a-uid listed", ">b-uid"] == run.seen


def test_an_informer_that_never_started_can_be_stopped() -> None:
    """
    A process that ends while it starts stops informers without a thread.
    """
    store: Store[Pod] = Store()
    informer = an_informer(Script([], []), store, Metrics())
    informer.stop()
    informer.join()

    assert not informer.has_synced


def test_what_nobody_foresaw_does_not_end_the_thread() -> None:
    """
    Any error in the machinery itself is logged, and answered with a new list.
    """
    run = Run(Script([[], [manifest("a", 1)]], [[RuntimeError("a bug")]]))

    assert (2, [key("a")]) == (run.lists, run.store.snapshot())
