"""Lists and watches of one resource, built on ``kubernetes.watch``."""

import random
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import urllib3
from kubernetes.watch import Watch
from urllib3.exceptions import HTTPError

from daskop.api.meta import Manifest, WatchEvent
from daskop.api.resources import Resource
from daskop.errors import ConnectionFailedError, GoneError
from daskop.kube.client import Client
from daskop.kube.failure import decoded, failure

PAGE = 500
"""Objects in one answer of a list: bounds the memory of the first one (client-go's number)."""

OPEN_SECONDS = 10.0
"""Longest wait for the head of the answer, which a live server sends at once; bounds a stop too."""

IDLE_SECONDS = 90.0
"""Longest silence of a live watch: the server sends a bookmark every 60 s."""

SERVER_SECONDS = (240, 480)
"""The server ends a watch within this range, so that many do not come back at one moment."""

SEGMENT = 65536
"""Bytes that are asked of the connection at a time."""


class _Lines:
    """
    The body of a watch, cut into lines.

    Stands for the answer where the library reads it: with more than one line in a segment, the
    library copies all that follows for each of them.
    """

    def __init__(self, answer: urllib3.BaseHTTPResponse) -> None:
        self._answer = answer
        self.status = answer.status
        self.connection = answer.connection
        self.close = answer.close
        self.release_conn = answer.release_conn

    def stream(self, **_library: Any) -> Iterator[bytes]:
        """Each line with its end; what comes after the last end is no whole event."""
        begun: list[bytes] = []  # a long line comes in many segments
        for segment in self._answer.stream(SEGMENT, decode_content=False):
            first, *lines = segment.split(b"\n")
            begun.append(first)
            if not lines:
                continue
            yield b"".join([*begun, b"\n"])
            *whole, last = lines
            for line in whole:
                yield line + b"\n"
            begun = [last]


class JsonWatch(Watch):
    """
    The library's watch on decoded JSON.

    Differs where the library is wrong for a cache: no models, an error as an error whatever its
    code, a line that is no event as an error instead of ``None``, and a stop that counts whenever
    it comes: the library forgets one that comes before its stream has begun.
    """

    def __init__(self) -> None:
        # The library's own __init__ makes a second client from default settings; none is needed.
        self._raw_return_type = object
        self._resp: _Lines | None = None
        self.stopped = False
        self.resource_version = None

    @property
    def _stop(self) -> bool:
        """What the library's ``stop`` sets, and its loop resets in vain when it begins."""
        return self.stopped

    @_stop.setter
    def _stop(self, value: bool) -> None:
        if value:
            self.stopped = True

    def opened(self, answer: urllib3.BaseHTTPResponse) -> _Lines:
        """
        Take the *answer* whose body is about to be read.

        It is noted before the stop is looked at, and the library's ``stop`` does the reverse: one
        of the two always sees the other.

        Raises:
            ConnectionFailedError: If the watch was stopped meanwhile.
        """
        self._resp = lines = _Lines(answer)
        if self.stopped:
            answer.close()
            answer.release_conn()
            raise ConnectionFailedError("the watch was stopped")
        return lines

    def unmarshal_event(self, data: str, return_type: Any) -> dict[str, Any]:  # noqa: ARG002
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


class ResourceWatcher:
    """
    Lists and watches *resource* in all namespaces, for one reflector.

    Satisfies :class:`daskop.cache.lister_watcher.ListerWatcher`.
    """

    def __init__(self, client: Client, resource: Resource, label_selector: str = "") -> None:
        self._client = client
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
        return self._client.list_page(self._resource, self._label_selector, limit, continued)

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
            for event in watch.stream(  # type: ignore[no-untyped-call]
                partial(self._open, watch),
                resource_version=resource_version,
                timeout_seconds=random.randint(*SERVER_SECONDS),  # noqa: S311 - no secret
            ):
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

    def _open(
        self, stream: JsonWatch, *, resource_version: str, timeout_seconds: int, **_library: Any
    ) -> _Lines:
        """Begin the stream; the signature is the one that the library's ``stream`` calls."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": timeout_seconds,
        }
        if self._label_selector:
            query["labelSelector"] = self._label_selector
        # The head of the answer comes at once, or not at all; after it silence may last longer.
        answer = self._client.watch(self._resource, query, OPEN_SECONDS)
        sock = getattr(answer.connection, "sock", None)  # no part of urllib3's abstract connection
        if sock is not None:
            sock.settimeout(IDLE_SECONDS)
        return stream.opened(answer)
