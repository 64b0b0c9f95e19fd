"""Lists and watches of one resource, built on ``kubernetes.watch``."""

import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import urllib3
from kubernetes.watch import Watch
from urllib3.exceptions import HTTPError

from daskop.api.meta import Manifest, WatchEvent
from daskop.api.resources import Resource
from daskop.errors import ConnectionFailedError, GoneError
from daskop.kube.client import Client
from daskop.kube.decoding import decoded
from daskop.kube.failure import failure

PAGE = 250
"""Objects in one answer of a list: decoded, 50 KB of a Pod each until their views are made."""

OPEN_SECONDS = 10.0
"""Longest wait for the head of the answer, which a live server sends at once; bounds a stop too."""

IDLE_SECONDS = 90.0
"""Longest silence of a live watch: the server sends a bookmark every 60 s."""

SERVER_SECONDS = (240, 480)
"""The server ends a watch within this range, so that many do not come back at one moment."""

SEGMENT = 65536
"""Bytes that are asked of the connection at a time."""


class JsonWatch(Watch):
    """
    The library's watch on decoded JSON.

    What is taken over is its interface, and a stop that unblocks the thread that reads. Its loop is
    wrong for a cache: it makes models, tells only some errors as errors, yields ``None`` for a line
    that is no event, forgets a stop that comes before the stream has begun, asks for an expired
    version twice, and with many lines in a segment copies all that follows for each of them.
    """

    def __init__(self) -> None:
        # The library's own __init__ makes a second client from default settings; none is needed.
        self._resp: urllib3.BaseHTTPResponse | None = None
        self._stop = False

    @property
    def stopped(self) -> bool:
        """Whether :meth:`stop` was called."""
        return self._stop

    def stream(
        self, func: Callable[..., urllib3.BaseHTTPResponse], *args: Any, **kwargs: Any
    ) -> Iterator[dict[str, Any]]:
        """
        Each event of the answer that *func* gives, decoded, until its end or :meth:`stop`.

        Raises:
            ApiError: If there is an ERROR event.
            ConnectionFailedError: If there is a line that is no event.
        """
        answer = func(*args, **kwargs)
        # Noted before the stop is looked at, and stop does the reverse: one of the two always sees
        # the other.
        self._resp = answer
        try:
            if not self._stop:
                for line in lines(answer):
                    yield self.unmarshal_event(line, None)
                    if self._stop:
                        return
        finally:
            self._resp = None
            answer.close()
            answer.release_conn()

    def unmarshal_event(self, data: bytes, return_type: Any) -> dict[str, Any]:  # noqa: ARG002
        """
        Decode one line.

        Raises:
            ApiError: If it is an ERROR event.
            ConnectionFailedError: If it is no event, or its object has no version to go on from.
        """
        event = decoded(data)
        if not isinstance(event, dict) or not isinstance(event.get("object"), dict):
            raise ConnectionFailedError(f"the watch sent a line that is no event: {data[:100]!r}")
        if event.get("type") == "ERROR":
            raise failure(int(event["object"].get("code") or 500), event["object"])
        metadata = event["object"].get("metadata")
        if not isinstance(metadata, dict) or not metadata.get("resourceVersion"):
            raise ConnectionFailedError(f"the watch sent an object without version: {data[:100]!r}")
        return event


def lines(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """Each whole line of the body; what comes after the last end is no whole event."""
    begun: list[bytes] = []  # a long line comes in many segments
    for segment in answer.stream(SEGMENT, decode_content=False):
        first, *more = segment.split(b"\n")
        begun.append(first)
        if more:
            yield b"".join(begun)
            yield from more[:-1]
            begun = [more[-1]]


class ResourceWatcher:
    """
    Lists and watches *resource* in one namespace, or in all of them, for one reflector.

    Satisfies :class:`daskop.cache.lister_watcher.ListerWatcher`.
    """

    def __init__(
        self, client: Client, resource: Resource, label_selector: str = "", namespace: str = ""
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._resource = resource
        self._label_selector = label_selector
        self._page = PAGE
        self._lock = threading.Lock()  # guards _watch and _stopped
        self._watch: JsonWatch | None = None
        self._stopped = False

    def pages(self) -> Iterator[tuple[list[Manifest], str]]:
        """
        All objects, in pages, each with the list's resourceVersion.

        Raises:
            GoneError: If the server has forgotten how it goes on; the next list is in one page.
        """
        continued = ""
        while True:
            try:
                page = self._list(self._page, continued)
            except GoneError:
                self._page = 0
                raise
            metadata = page["metadata"]
            yield page.get("items") or [], metadata["resourceVersion"]
            continued = metadata.get("continue") or ""
            if not continued:
                self._page = PAGE
                return

    def version(self) -> str:
        """The resourceVersion that a list would have now."""
        return str(self._list(1)["metadata"]["resourceVersion"])

    def _list(self, limit: int, continued: str = "") -> Manifest:
        return self._client.list_page(
            self._resource, self._label_selector, limit, continued, self._namespace
        )

    def watch(self, resource_version: str) -> Iterator[WatchEvent]:
        """
        What changed after *resource_version*, until the server ends the stream or we are stopped.

        Raises:
            GoneError: If the server does not know that version any more.
            ApiError: If the server refuses.
            ConnectionFailedError: If the connection failed, or was silent for 90 s.
        """
        watch = JsonWatch()
        with self._lock:
            if self._stopped:
                return
            self._watch = watch
        try:
            for event in watch.stream(self._open, resource_version):
                yield WatchEvent(event["type"], event["object"])
        # Whatever breaks in the stream is the same to the reflector. What we broke ourselves, by a
        # stop, is none of that: the library closes the socket under the reader.
        except (HTTPError, OSError, ConnectionFailedError) as error:
            if not watch.stopped:
                raise ConnectionFailedError(f"watch of {self._resource.plural}: {error}") from error

    def interrupt(self) -> None:
        """End the watch under way."""
        with self._lock:
            watch = self._watch
        if watch is not None:
            watch.stop()  # type: ignore[no-untyped-call]

    def stop(self) -> None:
        """End the watch under way and every later one."""
        with self._lock:
            self._stopped = True
        self.interrupt()

    def _open(self, resource_version: str) -> urllib3.BaseHTTPResponse:
        """Begin the stream."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": random.randint(*SERVER_SECONDS),  # noqa: S311 - no secret
        }
        if self._label_selector:
            query["labelSelector"] = self._label_selector
        # The head of the answer comes at once, or not at all; after it silence may last longer.
        answer = self._client.watch(self._resource, query, OPEN_SECONDS, self._namespace)
        sock = getattr(answer.connection, "sock", None)  # no part of urllib3's abstract connection
        if sock is not None:
            sock.settimeout(IDLE_SECONDS)
        return answer
