"""Lists and watches as tests look at them: one namespace, and no more than types and names."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from daskop.cache.lister_watcher import ListerWatcher
from daskop.errors import DaskopError


def listed(source: ListerWatcher, namespace: str) -> tuple[list[str], str]:
    """The names of all objects in *namespace*, and the list's version."""
    names, version = [], ""
    for items, version in source.pages():  # noqa: B007 - the last one counts
        metadata = [item["metadata"] for item in items]
        names += [entry["name"] for entry in metadata if entry["namespace"] == namespace]
    return names, version


@dataclass(frozen=True, slots=True)
class Watching:
    """
    A watch in a thread of its own.

    Attributes:
        events: Each event as type and name, and an error as class and text.
    """

    source: ListerWatcher
    thread: threading.Thread
    events: queue.Queue[tuple[str, str]]


@contextmanager
def watching(source: ListerWatcher, version: str, namespace: str) -> Iterator[Watching]:
    """Watch the objects in *namespace* after *version*, and stop at the end of the block."""
    events: queue.Queue[tuple[str, str]] = queue.Queue()

    def work() -> None:
        try:
            for event in source.watch(version):
                metadata = event.object["metadata"]
                if event.type != "BOOKMARK" and metadata["namespace"] == namespace:
                    events.put((event.type, metadata["name"]))
        except DaskopError as error:
            events.put((type(error).__name__, str(error)))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield Watching(source, thread, events)
    finally:
        source.stop()
        thread.join()
