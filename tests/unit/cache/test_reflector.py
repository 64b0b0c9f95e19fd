"""When a reflector asks again: how long it waits, and from where it goes on."""

import threading
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import TypeAlias

import pytest

from daskop.api.meta import Manifest, WatchEvent
from daskop.cache import reflector
from daskop.cache.reflector import Reflector
from daskop.errors import ApiError, ConnectionFailedError, GoneError

Step: TypeAlias = WatchEvent | Exception

EVENT = WatchEvent("ADDED", {"metadata": {"name": "a", "resourceVersion": "7"}})
SICK = ApiError(500, "InternalError", "sick")
CUT = ConnectionFailedError("cut")
GONE = GoneError(410, "Expired", "too old")


class Nowhere:
    """A sink that reads what it is given, and keeps nothing."""

    def replace(self, pages: Iterable[list[Manifest]]) -> None:
        """Read the list to its end."""
        list(pages)

    def apply(self, event: WatchEvent) -> None:
        """Take no notice."""


class Requests:
    """A server of scripted answers, which has the reflector stopped after the last one."""

    def __init__(self, lists: list[Exception | None], watches: list[list[Step]]) -> None:
        self._lists = lists
        self._watches = watches
        self.finish: Callable[[], None] = lambda: None
        self.made: list[str] = []

    def pages(self) -> Iterator[tuple[list[Manifest], str]]:
        """One list."""
        self.made.append("list")
        failure = self._lists.pop(0)
        if failure is not None:
            self._end_with(self._lists, self._watches)
            raise failure
        yield [], "5"

    def watch(self, resource_version: str) -> Iterator[WatchEvent]:
        """One watch."""
        self.made.append(f"watch {resource_version}")
        steps = self._watches.pop(0)
        self._end_with(self._watches)
        for step in steps:
            if isinstance(step, Exception):
                raise step
            yield step

    def stop(self) -> None:
        """There is nothing to end."""

    def _end_with(self, *scripts: list[Exception | None] | list[list[Step]]) -> None:
        if not any(scripts):
            self.finish()


class Pauses(threading.Event):
    """An event that notes how long it is waited for, and waits no moment."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        """Note *timeout*."""
        self.seconds.append(timeout or 0.0)
        return self.is_set()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Pauses:
    """What the reflector of this test waits for; its dice always show nothing."""
    event = Pauses()
    monkeypatch.setattr(reflector, "threading", SimpleNamespace(Event=lambda: event))
    monkeypatch.setattr(reflector, "random", SimpleNamespace(random=lambda: 0.0))
    return event


def run(requests: Requests) -> list[str]:
    """Work off the script, and return what was asked for."""
    subject = Reflector("pods", requests, Nowhere())
    requests.finish = subject.stop
    subject.run()
    return requests.made


def test_the_pause_doubles_up_to_half_a_minute(pauses: Pauses) -> None:
    """
    A server that stays sick is asked less and less often, but never less than twice a minute.
    """
    run(Requests([SICK] * 8, []))

    assert [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0] == pauses.seconds


def test_an_event_begins_the_pauses_anew(pauses: Pauses) -> None:
    """
    Once something has come, the next failure is answered as quickly as the first.
    """
    run(Requests([SICK, SICK, None], [[EVENT, CUT], [CUT]]))

    assert [0.8, 1.6, 0.8, 1.6] == pauses.seconds


def test_a_watch_that_told_something_is_followed_at_once(pauses: Pauses) -> None:
    """
    The server ends watches in good order all the time: that costs no pause and no list.
    """
    made = run(Requests([None], [[EVENT], [EVENT]]))

    assert (["list", "watch 5", "watch 7"], []) == (made, pauses.seconds)


def test_a_watch_that_says_nothing_is_not_asked_in_a_hot_loop(pauses: Pauses) -> None:
    """
    A server that ends each watch at once is given a pause, longer each time.
    """
    made = run(Requests([None], [[], [], []]))

    assert ["list", "watch 5", "watch 5", "watch 5"] == made
    assert [0.8, 1.6, 3.2] == pauses.seconds


@pytest.mark.parametrize("steps", [[GONE], [EVENT, GONE]], ids=["as an answer", "as an event"])
def test_an_expired_version_is_listed_after_a_pause(pauses: Pauses, steps: list[Step]) -> None:
    """
    410 leads to one list, and many reflectors do not come at one moment.
    """
    made = run(Requests([None, None], [steps, [EVENT]]))

    assert ["list", "watch 5", "list", "watch 5"] == made
    assert [0.8] == pauses.seconds


def test_the_dice_spread_the_pause(pauses: Pauses, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Up to the same time again is added, so that reflectors do not march in step.
    """
    monkeypatch.setattr(reflector, "random", SimpleNamespace(random=lambda: 0.5))

    run(Requests([SICK, SICK], []))

    assert pytest.approx([1.2, 2.4]) == pauses.seconds
