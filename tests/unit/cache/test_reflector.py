"""When a reflector asks again: how long it waits, and from where it goes on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import TypeAlias

import pytest

from daskop.api.meta import Manifest, WatchEvent
from daskop.cache.backoff import Backoff
from daskop.cache.reflector import HEALTHY_SECONDS, RELIST_SECONDS, WHOLE_SECONDS, Reflector
from daskop.errors import ApiError, ConnectionFailedError, ForbiddenError, GoneError
from tests.unit.fakes.clock import SteppedClock


@dataclass(frozen=True)
class Lives:
    """The watch lasts so many seconds longer."""

    seconds: float


Step: TypeAlias = WatchEvent | Exception | Lives


def event(version: int) -> WatchEvent:
    return WatchEvent("ADDED", {"metadata": {"name": "a", "resourceVersion": str(version)}})


LONG = Lives(WHOLE_SECONDS)
SICK = ApiError(500, "InternalError", "sick")
CUT = ConnectionFailedError("cut")
GONE = GoneError(410, "Expired", "too old")
DENIED = ForbiddenError(403, "Forbidden", "not yours")


class Nowhere:
    """A sink that reads what it is given, and keeps nothing."""

    def replace(self, pages: Iterable[tuple[list[Manifest], str]]) -> str:
        """Read the list to its end."""
        return list(pages)[-1][1]

    def watching(self) -> None:
        """Take no notice."""

    def apply(self, event: WatchEvent) -> None:
        """Take no notice."""


class Requests:
    """
    A server of scripted answers, which has the reflector stopped after the last one.

    Attributes:
        made: What was asked for, in order.
        now: The version that the server is at.
    """

    def __init__(
        self, lists: list[Exception | str], watches: list[list[Step]], now: str = "1000"
    ) -> None:
        self._lists = lists
        self._watches = watches
        self.now = now
        self.clock = SteppedClock()
        self.subject: Reflector | None = None
        self.made: list[str] = []

    def pages(self) -> Iterator[tuple[list[Manifest], str]]:
        """One list."""
        self.made.append("list")
        answer = self._lists.pop(0)
        if isinstance(answer, Exception):
            self._end_with(self._lists, self._watches)
            raise answer
        yield [], answer

    def version(self) -> str:
        """The version of now."""
        self.made.append("version")
        return self.now

    def watch(self, resource_version: str) -> Iterator[WatchEvent]:
        """One watch."""
        self.made.append(f"watch {resource_version}")
        steps = self._watches.pop(0)
        self._end_with(self._watches)
        for step in steps:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, Lives):
                self.clock.step(step.seconds)
            else:
                yield step

    def interrupt(self) -> None:
        """Scripted watches end by themselves."""

    def stop(self) -> None:
        """There is nothing to end."""

    def _end_with(self, *scripts: list[Exception | str] | list[list[Step]]) -> None:
        if not any(scripts) and self.subject is not None:
            self.subject.stop()


class Pauses(Backoff):
    """Notes how long the pauses are, and makes them short."""

    def __init__(self) -> None:
        super().__init__(jitter=lambda: 0.0)
        self.seconds: list[float] = []

    def next(self) -> float:
        """Note the next pause."""
        self.seconds.append(super().next())
        return 0.0


def run(requests: Requests) -> Pauses:
    """Work off the script, and return the pauses between the requests."""
    pauses = Pauses()
    requests.subject = Reflector("pods", requests, Nowhere(), requests.clock, pauses)
    requests.subject.run()
    return pauses


def test_the_pause_doubles_up_to_half_a_minute() -> None:
    """
    A server that stays sick is asked less and less often, but never less than twice a minute.
    """
    requests = Requests([SICK] * 8, [])

    assert [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0] == run(requests).seconds


def test_the_dice_spread_the_pause() -> None:
    """
    Up to the same time again is added, so that reflectors do not march in step.
    """
    backoff = Backoff(jitter=lambda: 0.5)

    assert pytest.approx([1.2, 2.4]) == [backoff.next(), backoff.next()]


def test_a_watch_that_lived_begins_the_pauses_anew() -> None:
    """
    After half a minute of health the next failure is answered as quickly as the first.
    """
    healthy = Lives(HEALTHY_SECONDS)
    requests = Requests([SICK, SICK, "5"], [[healthy, CUT], [CUT]])

    assert [0.8, 1.6, 0.8, 1.6] == run(requests).seconds


def test_one_event_is_no_health() -> None:
    """
    A server that tells one event and breaks off, again and again, is not asked in a hot loop.
    """
    requests = Requests(["5"], [[event(6), CUT], [event(7), CUT], [event(8), CUT]])

    assert [0.8, 1.6, 3.2] == run(requests).seconds


def test_a_watch_that_ends_in_good_order_is_followed_at_once() -> None:
    """
    The server ends watches all the time: that costs no pause, no list and no other request.
    """
    requests = Requests(["5"], [[event(7), LONG], [LONG], [LONG]])
    pauses = run(requests)

    assert ["list", "watch 5", "watch 7", "watch 7"] == requests.made
    assert [] == pauses.seconds


def test_a_watch_that_says_nothing_is_not_asked_in_a_hot_loop() -> None:
    """
    A server that ends each watch at once is given a pause, longer each time.
    """
    requests = Requests(["5"], [[], [], []])
    pauses = run(requests)

    assert ["list", "watch 5", "version", "watch 5", "version", "watch 5"] == requests.made
    assert [0.8, 1.6, 3.2] == pauses.seconds


@pytest.mark.parametrize("steps", [[GONE], [event(6), GONE]], ids=["as an answer", "as an event"])
def test_an_expired_version_is_listed_after_a_pause(steps: list[Step]) -> None:
    """
    410 leads to one list, and many reflectors do not come at one moment.
    """
    requests = Requests(["5", "9"], [steps, [LONG]])
    pauses = run(requests)

    assert ["list", "watch 5", "list", "watch 9"] == requests.made
    assert [0.8] == pauses.seconds


def test_versions_that_went_back_are_found_before_the_next_watch() -> None:
    """
    A server whose etcd was restored would be silent: what it is at is asked for, and all listed.
    """
    requests = Requests(["500", "400"], [[event(501), CUT], [LONG]], now="400")
    run(requests)

    assert ["list", "watch 500", "version", "list", "watch 400"] == requests.made


def test_an_event_from_the_past_is_not_believed() -> None:
    """
    A version lower than the last one means another past than ours: all is listed anew.
    """
    requests = Requests(["500", "400"], [[event(399), event(600)], [LONG]])
    run(requests)

    assert ["list", "watch 500", "list", "watch 400"] == requests.made


class Suspected(Requests):
    """A server of which a watcher finds out, in each of two watches, that its copy lacks something."""

    def __init__(self, seconds_between: float) -> None:
        super().__init__(["5", "9", "12"], [[event(10)], [event(11)], [LONG]])
        self._seconds = seconds_between

    def watch(self, resource_version: str) -> Iterator[WatchEvent]:
        """One watch, in which the suspicion comes up."""
        if len(self._watches) > 1 and self.subject is not None:
            self.subject.suspect()
        yield from super().watch(resource_version)
        self.clock.step(self._seconds)


@pytest.mark.parametrize(("between", "lists"), [(RELIST_SECONDS, 3), (RELIST_SECONDS - 1, 2)])
def test_a_suspicion_is_answered_with_a_list_but_not_too_often(between: float, lists: int) -> None:
    """
    A copy that lacks something is compared with the server's at once, and twice a minute at most.
    """
    requests = Suspected(between)
    run(requests)

    assert lists == requests.made.count("list")


def test_a_server_that_asks_for_a_pause_gets_it() -> None:
    """
    Retry-After is waited for, also where the back-off would be shorter.
    """
    busy = ApiError(429, "TooManyRequests", "busy", retry_after_seconds=0.05)
    requests = Requests([busy, "5"], [[LONG]])
    began = monotonic()
    run(requests)

    assert monotonic() - began >= 0.05
    assert ["list", "list", "watch 5"] == requests.made


@pytest.mark.parametrize(
    ("lists", "watches", "refusal"),
    [
        ([DENIED], [], "not yours"),
        ([DENIED, SICK], [], ""),
        ([DENIED, "5"], [[LONG]], ""),
        (["5"], [[DENIED]], "not yours"),
        (["5"], [[DENIED], [CUT]], ""),
        (["5"], [[DENIED], [event(6), CUT]], ""),
        (["5"], [[DENIED], [LONG]], ""),
    ],
    ids=["list", "list, then sick", "listed", "watch", "watch, then cut", "told", "silent"],
)
def test_a_refusal_is_on_record_until_it_is_over(
    lists: list[Exception | str], watches: list[list[Step]], refusal: str
) -> None:
    """
    What the last try was not allowed is on record, and goes as soon as there is another.
    """
    requests = Requests(lists, watches)
    run(requests)

    assert requests.subject is not None
    assert refusal == requests.subject.refusal
