"""Lists and watches, over real HTTP."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from daskop.errors import ConnectionFailedError, GoneError
from tests.unit.fakes.http_api import Answer, Request
from tests.unit.kube.connection import Connection, refusing

BOUND_SECONDS = 8.0


def test_a_list_is_read_page_by_page(connection: Connection) -> None:
    """
    Pages follow the server's token, and keep the label selector.
    """

    def respond(request: Request) -> Answer:
        last = request.query.get("continue") == "more"
        token = {} if last else {"continue": "more"}
        items = [{"n": 2}] if last else [{"n": 1}]
        return Answer(200, {"metadata": {"resourceVersion": "9", **token}, "items": items})

    connection.api.respond = respond

    pages = list(connection.watcher().pages())

    assert [([{"n": 1}], "9"), ([{"n": 2}], "9")] == pages
    assert {"a=b"} == {request.query["labelSelector"] for request in connection.api.requests}


def test_a_list_that_expires_between_pages_is_made_again_in_one(connection: Connection) -> None:
    """
    A list that takes longer than the server remembers is not begun in pages for ever.
    """
    whole = Answer(200, {"metadata": {"resourceVersion": "9"}, "items": [{"n": 1}, {"n": 2}]})

    def respond(request: Request) -> Answer:
        if "continue" in request.query:
            gone: Answer = refusing(410, "Expired")(request)
            return gone
        if "limit" not in request.query:
            return whole
        return Answer(200, {"metadata": {"resourceVersion": "9", "continue": "x"}, "items": []})

    connection.api.respond = respond
    watcher = connection.watcher()

    with pytest.raises(GoneError):
        list(watcher.pages())
    assert [([{"n": 1}, {"n": 2}], "9")] == list(watcher.pages())
    with pytest.raises(GoneError):  # the next one is in pages again
        list(watcher.pages())


def test_the_version_of_now_is_a_list_of_one(connection: Connection) -> None:
    """
    To learn where the server is costs it one object.
    """
    connection.api.respond = lambda _: Answer(200, {"metadata": {"resourceVersion": "9"}})

    assert "9" == connection.watcher().version()
    assert "1" == connection.api.requests[0].query["limit"]


def line(type_: str, **content: Any) -> bytes:
    return json.dumps({"type": type_, "object": content}).encode() + b"\n"


def watching(connection: Connection, *lines: bytes) -> list[str]:
    connection.api.respond = lambda _: Answer(200, lines=iter(lines))
    return [event.type for event in connection.watcher().watch("5")]


def test_a_watch_gives_events_and_ends_with_the_stream(connection: Connection) -> None:
    """
    It begins at the version it is told, asks for bookmarks, and bounds its own life.
    """
    metadata = {"resourceVersion": "6"}
    events = watching(
        connection, line("ADDED", metadata=metadata), line("BOOKMARK", metadata=metadata)
    )

    query = connection.api.requests[0].query
    assert ["ADDED", "BOOKMARK"] == events
    assert ("5", "true") == (query["resourceVersion"], query["allowWatchBookmarks"])
    assert 240 <= int(query["timeoutSeconds"]) <= 480


def test_a_long_line_and_split_characters_arrive_whole(connection: Connection) -> None:
    """
    A line of a megabyte, cut inside a character, is one event.
    """
    text = "ä" * 600_000
    content = {"text": text, "metadata": {"resourceVersion": "6"}}
    whole = json.dumps({"type": "ADDED", "object": content}, ensure_ascii=False).encode()
    connection.api.respond = lambda _: Answer(
        200, lines=iter([whole[:500_001], whole[500_001:] + b"\n"])
    )

    (event,) = connection.watcher().watch("5")

    assert text == event.object["text"]


@pytest.mark.parametrize("form", ["answer", "event"])
def test_an_expired_version_is_gone_in_both_forms(connection: Connection, form: str) -> None:
    """
    410 as the answer and 410 as an event are the same error.
    """
    if form == "answer":
        connection.api.respond = refusing(410, "Expired")
    else:
        error = line("ERROR", code=410, reason="Expired", message="too old")
        connection.api.respond = lambda _: Answer(200, lines=iter([error]))

    with pytest.raises(GoneError):
        list(connection.watcher().watch("5"))


def test_a_line_that_is_no_event_ends_the_watch(connection: Connection) -> None:
    """
    Garbage is an error, and not an object.
    """
    with pytest.raises(ConnectionFailedError, match="no event"):
        watching(connection, b"garbage\n")


def test_a_watch_can_be_stopped_while_it_waits(connection: Connection) -> None:
    """
    Another thread ends a watch that is blocked in a read, and later watches end at once.
    """
    release, begun = threading.Event(), threading.Event()

    def lines() -> Iterator[bytes]:
        yield line("ADDED", metadata={"resourceVersion": "6"})
        release.wait(BOUND_SECONDS)

    connection.api.respond = lambda _: Answer(200, lines=lines())
    watcher, seen = connection.watcher(), list[str]()

    def work() -> None:
        for event in watcher.watch("5"):
            seen.append(event.type)
            begun.set()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert begun.wait(BOUND_SECONDS)
        watcher.stop()
        thread.join(1.0)
        assert not thread.is_alive()
    finally:
        release.set()
        thread.join()

    assert (["ADDED"], []) == (seen, list(watcher.watch("5")))


@pytest.mark.parametrize("when", ["before the stream", "before the head of the answer"])
def test_a_stop_counts_whenever_it_comes(connection: Connection, when: str) -> None:
    """
    A stop ends a watch that has not begun to read, although the server never sends a line.
    """
    asked, release = threading.Event(), threading.Event()

    def silence() -> Iterator[bytes]:
        threading.Event().wait(BOUND_SECONDS)
        yield b""

    def respond(_: Request) -> Answer:
        asked.set()
        release.wait(BOUND_SECONDS)
        return Answer(200, lines=silence())

    connection.api.respond = respond
    watcher = connection.watcher()
    events = watcher.watch("5")
    if when == "before the stream":
        watcher.stop()
    thread = threading.Thread(target=lambda: list(events))
    thread.start()
    if when == "before the head of the answer":
        assert asked.wait(BOUND_SECONDS)
        watcher.stop()
    release.set()
    thread.join(1.0)

    assert not thread.is_alive()


@pytest.mark.parametrize(
    "content",
    [pytest.param({}, id="no metadata"), pytest.param({"metadata": {}}, id="no version")],
)
def test_an_object_without_a_version_ends_the_watch(
    connection: Connection, content: dict[str, Any]
) -> None:
    """
    An event from which no watch could go on is an error of ours, which is tried again.
    """
    with pytest.raises(ConnectionFailedError, match="without version"):
        watching(connection, line("ADDED", **content))


@pytest.mark.parametrize("size", [7, 65_536, 10**9], ids=["torn", "by segment", "all at once"])
def test_ten_thousand_lines_arrive_in_order(connection: Connection, size: int) -> None:
    """
    However the bytes are cut, each event comes once, with its own characters.
    """
    count = 10_000 if size > 100 else 200
    versions = [{"resourceVersion": str(n), "name": "ä"} for n in range(1, count + 1)]
    body = b"".join(line("ADDED", metadata=metadata) for metadata in versions)
    pieces = (body[start : start + size] for start in range(0, len(body), size))
    connection.api.respond = lambda _: Answer(200, lines=pieces)

    seen = [event.object["metadata"] for event in connection.watcher().watch("0")]

    assert versions == seen


def test_what_is_cut_off_in_a_line_is_no_event(connection: Connection) -> None:
    """
    The beginning of a line that never ends is left out: the next watch brings it whole.
    """
    first = line("ADDED", metadata={"resourceVersion": "6"})

    assert ["ADDED"] == watching(connection, first, first[:20])


def test_a_watch_can_be_interrupted_and_begun_again(connection: Connection) -> None:
    """
    An interrupt ends the watch under way only.
    """
    release = threading.Event()

    def lines() -> Iterator[bytes]:
        yield line("ADDED", metadata={"resourceVersion": "6"})
        release.wait(BOUND_SECONDS)

    connection.api.respond = lambda _: Answer(200, lines=lines())
    watcher, seen = connection.watcher(), list[str]()
    try:
        for event in watcher.watch("5"):
            seen.append(event.type)
            watcher.interrupt()
    finally:
        release.set()

    assert ["ADDED"] == seen
    assert ["ADDED"] == [event.type for event in watcher.watch("6")]
