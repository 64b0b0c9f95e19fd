"""The client and the watch, over real HTTP."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from daskop.api.resources import PODS
from daskop.errors import (
    AlreadyExistsError,
    ApiError,
    ConflictError,
    ConnectionFailedError,
    DaskopError,
    ForbiddenError,
    GoneError,
    InvalidError,
    NotFoundError,
)
from daskop.kube.client import Client
from daskop.kube.failure import failure
from daskop.kube.transport import Transport, connect
from daskop.kube.watch import ResourceWatcher
from daskop.metrics import Metrics
from tests.unit.builders import key
from tests.unit.fakes.http_api import Answer, HttpApi, Request

BOUND_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class Connection:
    """A client of a scripted server."""

    api: HttpApi
    transport: Transport
    metrics: Metrics
    client: Client

    def watcher(self) -> ResourceWatcher:
        """A watcher of Pods with a label."""
        return ResourceWatcher(self.client, self.transport, PODS, "a=b")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    with HttpApi(lambda _: Answer(200, {"metadata": {}})) as api:
        transport = connect(api.kubeconfig(tmp_path), connections=4)
        metrics = Metrics()
        yield Connection(api, transport, metrics, Client(transport, metrics))
        transport.close()


def refusing(code: int, reason: str = "") -> Any:
    status = {"kind": "Status", "reason": reason, "message": f"because {code}"}
    return lambda _: Answer(code, status)


def test_the_token_is_on_the_wire(connection: Connection) -> None:
    """
    Each request carries the kubeconfig's bearer token.
    """
    connection.client.get(PODS, key("p"))

    (request,) = connection.api.requests
    assert "Bearer a-token" == request.headers["authorization"]
    assert "/api/v1/namespaces/ns/pods/p" == request.path


def test_a_manifest_is_posted_as_it_is(connection: Connection) -> None:
    """
    Fields that no model knows and integers where models want text go out untouched.
    """
    spec = {"containers": [{"name": "c", "newer": {"x": 1}, "resources": {"limits": {"cpu": 2}}}]}
    manifest = {"metadata": {"name": "p", "namespace": "ns"}, "spec": spec}

    connection.client.create(PODS, manifest)

    (request,) = connection.api.requests
    assert manifest == json.loads(request.body)
    assert {"fieldManager": "daskop"} == request.query


def test_a_delete_names_the_uid(connection: Connection) -> None:
    """
    Another object under the same name is not deleted.
    """
    connection.client.delete(PODS, key("p"), "the-uid")

    (request,) = connection.api.requests
    assert {"uid": "the-uid"} == json.loads(request.body)["preconditions"]


def test_a_status_is_merged_into_its_subresource(connection: Connection) -> None:
    """
    The patch goes to /status with the content type of a merge patch.
    """
    connection.client.merge_patch(PODS, key("p"), {"status": {}}, "status")

    (request,) = connection.api.requests
    assert "/api/v1/namespaces/ns/pods/p/status" == request.path
    assert "application/merge-patch+json" == request.headers["content-type"]


@pytest.mark.parametrize(
    ("code", "reason", "error"),
    [
        (403, "Forbidden", ForbiddenError),
        (404, "NotFound", NotFoundError),
        (409, "Conflict", ConflictError),
        (409, "AlreadyExists", AlreadyExistsError),
        (410, "Expired", GoneError),
        (422, "Invalid", InvalidError),
        (500, "InternalError", ApiError),
    ],
)
def test_each_refusal_has_its_error(
    connection: Connection, code: int, reason: str, error: type[ApiError]
) -> None:
    """
    The error says what the server said, and is the class of its meaning.
    """
    connection.api.respond = refusing(code, reason)

    with pytest.raises(ApiError, match=f"because {code}") as raised:
        connection.client.get(PODS, key("p"))

    assert (error, code, reason) == (type(raised.value), raised.value.code, raised.value.reason)


def test_an_answer_that_is_no_json_is_no_answer(connection: Connection) -> None:
    """
    What a proxy on the way puts in front is not taken for an object.
    """
    connection.api.respond = lambda _: Answer(200, b"<html>")

    with pytest.raises(ConnectionFailedError):
        connection.client.get(PODS, key("p"))


def test_an_unknown_resource_is_explained() -> None:
    """
    A 404 without words, as for a kind that the server does not have, asks for the CRDs.
    """
    assert "CRDs" in str(failure(404, None))


def test_nobody_there_is_a_failed_connection(tmp_path: Path) -> None:
    """
    A server that is gone is one error, after one try.
    """
    with HttpApi(lambda _: Answer()) as api:
        kubeconfig = api.kubeconfig(tmp_path)
    transport = connect(kubeconfig, connections=1)

    with pytest.raises(ConnectionFailedError):
        Client(transport, Metrics()).get(PODS, key("p"))


def test_no_configuration_is_explained(tmp_path: Path) -> None:
    """
    A kubeconfig that is none is an error of ours.
    """
    (tmp_path / "empty").write_text("{}")

    with pytest.raises(DaskopError, match="configuration"):
        connect(tmp_path / "empty", connections=1)


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


def test_answers_are_counted(connection: Connection) -> None:
    """
    The request counter knows verb, resource and code.
    """
    connection.client.get(PODS, key("p"))

    labels = {"verb": "GET", "resource": "pods", "code": "200"}
    counted = connection.metrics.registry.get_sample_value("rest_client_requests_total", labels)
    assert 1 == counted


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
