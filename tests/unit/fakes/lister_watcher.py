"""The fake API server as one reflector sees it."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Protocol

from daskop.api.meta import Manifest, WatchEvent
from daskop.errors import ConnectionFailedError

PAGE = 2
"""Objects in one page of a list."""


class History(Protocol):
    """What happened on a server, and its lock."""

    changed: threading.Condition
    cuts: int

    def listed(self, plural: str) -> tuple[list[dict[str, Any]], str]:
        """All objects of a resource, and the version they are of."""

    def wait_for_events(
        self, plural: str, version: int, stopped: Callable[[], bool]
    ) -> tuple[list[WatchEvent], int]:
        """What happened to a resource after *version*, once there is something, and until when."""


class FakeListerWatcher:
    """Satisfies :class:`daskop.cache.lister_watcher.ListerWatcher`."""

    def __init__(self, kube: History, plural: str) -> None:
        self._kube = kube
        self._plural = plural
        self._stopped = False  # set under the server's condition, as is what follows
        self._interrupted = False

    def version(self) -> str:
        """The version of now."""
        return self._kube.listed(self._plural)[1]

    def pages(self) -> Iterator[tuple[list[Manifest], str]]:
        """All objects as they are now, a few at a time."""
        found, version = self._kube.listed(self._plural)
        for start in range(0, max(1, len(found)), PAGE):
            yield list(found[start : start + PAGE]), version

    def watch(self, resource_version: str) -> Iterator[WatchEvent]:
        """What changed after that version, until :meth:`stop`."""
        version = int(resource_version)
        with self._kube.changed:
            self._interrupted = False
            ended = partial(self._ended, self._kube.cuts)
        while not ended():
            events, version = self._kube.wait_for_events(self._plural, version, ended)
            yield from events

    def _ended(self, cuts: int) -> bool:
        if cuts != self._kube.cuts:
            raise ConnectionFailedError("cut")
        return self._stopped or self._interrupted

    def interrupt(self) -> None:
        """End the watch under way."""
        with self._kube.changed:
            self._interrupted = True
            self._kube.changed.notify_all()

    def stop(self) -> None:
        """End the watch under way and every later one."""
        with self._kube.changed:
            self._stopped = True
            self._kube.changed.notify_all()
