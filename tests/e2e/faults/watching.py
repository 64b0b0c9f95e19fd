"""A watch as a client sees it, line by line, to look at what a proxy makes of it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import urllib3

from tests.e2e.cluster.controlplane.waiting import wait_until

_WITHIN_SECONDS: Final = 10.0
_SILENCE_SECONDS: Final = 30.0


@dataclass(slots=True)
class Watched:
    """
    What has come so far.

    Attributes:
        lines: As they came.
        end: ``end`` if the stream ended in order, the class of the error if not; empty before.
    """

    lines: list[bytes] = field(default_factory=list)
    end: str = ""

    @property
    def names(self) -> list[str]:
        """The names of the objects in the events."""
        return [json.loads(line)["object"]["metadata"]["name"] for line in list(self.lines)]

    def wait_for_lines(self, count: int) -> None:
        """Wait until so many lines have come, or more."""
        lines = self.lines
        wait_until(lambda: len(lines) >= count, f"{count} lines", within_seconds=_WITHIN_SECONDS)

    def wait_for_end(self) -> str:
        """Wait until the stream has ended, and say how."""
        return wait_until(lambda: self.end, "the stream's end", within_seconds=_WITHIN_SECONDS)


@contextmanager
def watching(
    server: str, token: str, path: str, version: str, silence_seconds: float = _SILENCE_SECONDS
) -> Iterator[Watched]:
    """Watch *path* after *version* in a thread of its own, until the end of the block."""
    timeout = urllib3.Timeout(connect=5.0, read=silence_seconds)
    with urllib3.PoolManager(retries=False, timeout=timeout) as pool:
        response = pool.request(
            "GET",
            f"{server}{path}?watch=true&resourceVersion={version}",
            headers={"Authorization": f"Bearer {token}"},
            preload_content=False,
        )
        watched = Watched()
        thread = threading.Thread(target=_read, args=(response, watched))
        thread.start()
        try:
            yield watched
        finally:
            if not watched.end:
                response.shutdown()
            thread.join()
            response.close()


def _read(response: urllib3.BaseHTTPResponse, watched: Watched) -> None:
    rest, end = b"", "end"
    try:
        for piece in response.stream():
            *lines, rest = (rest + piece).split(b"\n")
            watched.lines += lines
    except urllib3.exceptions.HTTPError as error:
        end = type(error).__name__
    watched.end = end
