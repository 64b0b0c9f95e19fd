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
from daskop.errors import ConnectionFailedError
from daskop.kube.client import Client
from daskop.kube.failure import decoded, failure
from daskop.kube.transport import Transport

OPEN_SECONDS = 10.0
"""Longest wait for the head of the answer, which a live server sends at once; bounds a stop too."""

IDLE_SECONDS = 90.0
"""Longest silence of a live watch: the server sends a bookmark every 60 s."""

SERVER_SECONDS = (240, 480)
"""The server ends a watch within this range, so that many do not come back at one moment."""


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
        self._resp: urllib3.BaseHTTPResponse | None = None
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

    def opened(self, answer: urllib3.BaseHTTPResponse) -> urllib3.BaseHTTPResponse:
        """
        Take the *answer* whose body is about to be read.

        It is noted before the stop is looked at, and the library's ``stop`` does the reverse: one
        of the two always sees the other.

        Raises:
            ConnectionFailedError: If the watch was stopped meanwhile.
        """
        self._resp = answer
        if self.stopped:
            answer.close()
            raise ConnectionFailedError("the watch was stopped")
        return answer

    def unmarshal_event(self, data: str, return_type: Any) -> dict[str, Any]:  # noqa: ARG002
        """
        Decode one line.

        Raises:
            ApiError: If it is an ERROR event.
            ConnectionFailedError: If it is no event, or its object has no version to go on from.
        """
        event = decoded(data.encode())
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

    def __init__(
        self, client: Client, transport: Transport, resource: Resource, label_selector: str = ""
    ) -> None:
        self._client = client
        self._transport = transport
        self._resource = resource
        self._label_selector = label_selector
        self._lock = threading.Lock()  # guards _watch and _stopped
        self._watch: JsonWatch | None = None
        self._stopped = False

    def pages(self) -> Iterator[tuple[list[Manifest], str]]:
        """All objects, in pages, each with the list's resourceVersion."""
        return self._client.list_pages(self._resource, self._label_selector)

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
        except (HTTPError, OSError, ConnectionFailedError) as error:
            if not watch.stopped:
                raise ConnectionFailedError(f"watch of {self._resource.plural}: {error}") from error

    def stop(self) -> None:
        """End the watch under way and every later one."""
        with self._lock:
            self._stopped = True
            watch = self._watch
        if watch is not None:
            watch.stop()  # type: ignore[no-untyped-call]

    def _open(
        self, stream: JsonWatch, *, resource_version: str, timeout_seconds: int, **_library: Any
    ) -> urllib3.BaseHTTPResponse:
        """Begin the stream; the signature is the one that the library's ``stream`` calls."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": timeout_seconds,
        }
        if self._label_selector:
            query["labelSelector"] = self._label_selector
        answer = self._transport.request(
            "GET", self._resource.path(), query, read_seconds=OPEN_SECONDS, stream=True
        )
        if answer.status != 200:  # noqa: PLR2004 - the only success of a watch
            body = answer.read()
            answer.release_conn()
            raise failure(answer.status, decoded(body))
        sock = getattr(answer.connection, "sock", None)  # no part of urllib3's abstract connection
        if sock is not None:
            sock.settimeout(IDLE_SECONDS)
        return stream.opened(answer)
