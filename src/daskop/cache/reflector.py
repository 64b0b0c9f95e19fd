"""Keeps a sink equal to what the API server holds: one list, then a watch, for ever."""

import math
import threading
from collections.abc import Iterable
from enum import Enum
from typing import Protocol

import structlog

from daskop.api.meta import Manifest, WatchEvent
from daskop.cache.backoff import Backoff
from daskop.cache.lister_watcher import ListerWatcher
from daskop.cache.versions import is_older
from daskop.clock import Clock
from daskop.errors import (
    ApiError,
    ConnectionFailedError,
    ForbiddenError,
    GoneError,
    VersionsWentBackError,
)
from daskop.log import Surviving

HEALTHY_SECONDS = 30.0
"""A watch that lived as long as the longest pause begins anew with short pauses."""

SHORT_SECONDS = 1.0
"""A watch that ends sooner has failed, however politely it ended (client-go's number)."""

WHOLE_SECONDS = 240.0
"""We ask the server to end a watch, but never sooner: one that did may have been restarted."""

RELIST_SECONDS = 30.0
"""Lists that a suspicion calls for are at least this far apart."""

log = structlog.get_logger(__name__)


class _Outcome(Enum):
    """How an attempt to list and watch ended, and so what comes next."""

    ENDED = "watch on at once"
    FAILED = "pause, then watch on"
    LOST = "pause, then list anew"


class Sink(Protocol):
    """Where a reflector puts what it learns."""

    def replace(self, pages: Iterable[tuple[list[Manifest], str]]) -> str:
        """These objects, and no others, exist; return the version of the last page."""

    def watching(self) -> None:
        """A watch begins."""

    def apply(self, event: WatchEvent) -> None:
        """One object was added, modified or deleted, or nothing but the version went on."""


class Reflector:
    """
    Lists once, and watches from there.

    A watch that ends is begun anew at the last resourceVersion seen. The whole is listed again
    only when the server does not know that version any more, when its versions have gone back (a
    restored etcd), or when somebody has found out that the copy is wrong.
    """

    def __init__(
        self, name: str, source: ListerWatcher, sink: Sink, clock: Clock, backoff: Backoff
    ) -> None:
        self._name = name
        self._source = source
        self._sink = sink
        self._clock = clock
        self._backoff = backoff
        self._stopping = threading.Event()
        self._suspected = threading.Event()  # the copy is wrong: list anew
        self._relisted_at = -math.inf  # monotonic, of the last suspicion that was followed
        self._resource_version = ""
        self._retry_after = 0.0  # seconds that the last failure asked for
        self._cut_short = False  # the last watch ended before its time
        self.refusal = ""  # the server's words for a list or watch that it does not allow

    def run(self) -> None:
        """Work until :meth:`stop`; to be called in a thread of its own."""
        while not self._stopping.is_set():
            outcome = _Outcome.LOST  # also by a fault of ours, perhaps in what was stored
            self._retry_after = 0.0
            with Surviving("watch_crashed", resource=self._name):
                outcome = self._attempt()
            if outcome is _Outcome.LOST:
                self._resource_version = ""
            if outcome is not _Outcome.ENDED:
                self._stopping.wait(max(self._backoff.next(), self._retry_after))

    def stop(self) -> None:
        """End :meth:`run`, from another thread."""
        self._stopping.set()
        self._source.stop()

    def suspect(self) -> None:
        """List anew, from another thread: the copy lacks what the server has."""
        self._suspected.set()
        if self._must_relist():
            self._source.interrupt()

    def _must_relist(self) -> bool:
        """Whether there is a suspicion, and the last one is long enough ago."""
        since = self._clock.monotonic() - self._relisted_at
        return self._suspected.is_set() and since >= RELIST_SECONDS

    def _attempt(self) -> _Outcome:
        self.refusal = ""  # a watch that is let in may have nothing to say for a minute
        try:
            return _Outcome.ENDED if self._list_and_watch() else _Outcome.FAILED
        except (GoneError, VersionsWentBackError) as error:
            log.info("list_expired", resource=self._name, error=str(error))
            return _Outcome.LOST
        except (ApiError, ConnectionFailedError) as error:
            if not self._stopping.is_set():
                log.warning("watch_failed", resource=self._name, error=str(error))
            if isinstance(error, ApiError):
                self._retry_after = error.retry_after_seconds
            if isinstance(error, ForbiddenError):
                self.refusal = str(error)
            return _Outcome.FAILED

    def _list_and_watch(self) -> bool:
        """Return whether the next watch may begin at once."""
        if self._must_relist():
            log.warning("object_missed", resource=self._name)
            self._relisted_at = self._clock.monotonic()
            self._resource_version = ""
        if not self._resource_version:
            self._list()
        elif self._cut_short:
            self._check_version()
        began = self._clock.monotonic()
        self._cut_short = True  # unless it turns out otherwise
        try:
            self._watch()
        finally:
            lived = self._clock.monotonic() - began
            if lived >= HEALTHY_SECONDS:
                self._backoff.reset()
        self._cut_short = lived < WHOLE_SECONDS
        return lived >= SHORT_SECONDS or self._must_relist()

    def _list(self) -> None:
        self._suspected.clear()  # before: what is missed from now on counts again
        self._resource_version = self._sink.replace(self._source.pages())

    def _check_version(self) -> None:
        """A watch from a version that is still to come would be silent, and miss what comes."""
        version = self._source.version()
        if is_older(version, self._resource_version):
            raise VersionsWentBackError(f"{version} is now, {self._resource_version} was before")

    def _watch(self) -> None:
        self._sink.watching()
        for event in self._source.watch(self._resource_version):
            version = event.object["metadata"]["resourceVersion"]
            if is_older(version, self._resource_version):
                raise VersionsWentBackError(f"{version} came after {self._resource_version}")
            self._sink.apply(event)
            # Only now: an event that could not be stored is asked for again.
            self._resource_version = version
            if self._must_relist():  # a bookmark comes every minute, if nothing else does
                return
