"""Keeps a sink equal to what the API server holds: one list, then a watch, for ever."""

import random
import threading
from collections.abc import Iterable
from typing import Protocol

import structlog

from daskop.api.meta import Manifest, WatchEvent
from daskop.cache.lister_watcher import ListerWatcher
from daskop.errors import ApiError, ConnectionFailedError, GoneError

FIRST_BACKOFF_SECONDS = 0.8
LONGEST_BACKOFF_SECONDS = 30.0
"""client-go's numbers: a sick server sees less than one request in 4 s from each reflector."""

log = structlog.get_logger(__name__)


class Sink(Protocol):
    """Where a reflector puts what it learns."""

    def replace(self, pages: Iterable[list[Manifest]]) -> None:
        """These objects, and no others, exist."""

    def apply(self, event: WatchEvent) -> None:
        """One object was added, modified or deleted."""


class Reflector:
    """
    Lists once, and watches from there.

    A watch that ends is begun anew at the last resourceVersion seen; only when the server does
    not know that version any more is the whole listed again.
    """

    def __init__(self, name: str, source: ListerWatcher, sink: Sink) -> None:
        self._name = name
        self._source = source
        self._sink = sink
        self._stopping = threading.Event()
        self._resource_version = ""
        self._backoff = FIRST_BACKOFF_SECONDS

    def run(self) -> None:
        """Work until :meth:`stop`; to be called in a thread of its own."""
        while not self._stopping.is_set():
            lively = False
            try:
                lively = self._list_and_watch()
            except GoneError:
                log.info("watch_expired", resource=self._name)
                self._resource_version = ""
            except (ApiError, ConnectionFailedError) as error:
                if not self._stopping.is_set():
                    log.warning("watch_failed", resource=self._name, error=str(error))
            except Exception:  # nobody starts the thread again: list anew, and go on
                log.exception("watch_crashed", resource=self._name)
                self._resource_version = ""
            if not lively:
                self._pause()

    def stop(self) -> None:
        """End :meth:`run`, from another thread."""
        self._stopping.set()
        self._source.stop()

    def _list_and_watch(self) -> bool:
        """Return whether a watch ended in good order after it had told us something."""
        lively = False
        if not self._resource_version:
            self._sink.replace(self._pages())
        for event in self._source.watch(self._resource_version):
            if event.type != "BOOKMARK":
                self._sink.apply(event)
            # Only now: an event that could not be stored is asked for again.
            self._resource_version = event.object["metadata"]["resourceVersion"]
            self._backoff = FIRST_BACKOFF_SECONDS
            lively = True
        return lively

    def _pages(self) -> Iterable[list[Manifest]]:
        version = ""
        for items, version in self._source.pages():  # noqa: B007 - the last one counts
            yield items
        self._resource_version = version

    def _pause(self) -> None:
        """Wait a little before the next request, longer each time that no event came between."""
        jitter = random.random()  # noqa: S311 - no secret
        self._stopping.wait(self._backoff * (1 + jitter))
        self._backoff = min(2 * self._backoff, LONGEST_BACKOFF_SECONDS)
