"""What a reflector needs of an API server."""

from collections.abc import Iterator
from typing import Protocol

from daskop.api.meta import Manifest, WatchEvent


class ListerWatcher(Protocol):
    """Lists and watches the objects of one resource. Errors are those of ``daskop.errors``."""

    def pages(self) -> Iterator[tuple[list[Manifest], str]]:
        """All objects, in pages, each with the list's resourceVersion."""

    def version(self) -> str:
        """The resourceVersion that a list would have now; costs the server next to nothing."""

    def watch(self, resource_version: str) -> Iterator[WatchEvent]:
        """What changed after *resource_version*; ends when the server or we end it."""

    def interrupt(self) -> None:
        """End the watch under way, from another thread."""

    def stop(self) -> None:
        """End the watch under way, from another thread, and every later one."""
