"""HTTP/1.1 messages: heads, and bodies piece by piece."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Self

from tests.e2e.faults.wire import Wire

LAST_CHUNK: Final = b"0\r\n\r\n"

_PIECE: Final = 2**16
# what concerns one connection only, and what we write anew
_OF_CONNECTION: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


@dataclass(frozen=True, slots=True)
class Head:
    """
    What is before the body.

    Attributes:
        start: The first line.
        headers: Names and values, as they came.
    """

    start: str
    headers: tuple[tuple[str, str], ...]

    def value(self, name: str) -> str:
        """Return the value of a header in lower case, or nothing if it is not there."""
        found = [value for key, value in self.headers if key.lower() == name]
        return found[-1].lower() if found else ""

    @property
    def code(self) -> int:
        """The status of an answer."""
        return int(self.start.split()[1])

    def passed_on(self, changed: Mapping[str, str]) -> Self:
        """Return it for the next connection, with some headers set anew."""
        dropped = _OF_CONNECTION | {name.lower() for name in changed}
        kept = [(name, value) for name, value in self.headers if name.lower() not in dropped]
        return type(self)(self.start, (*kept, *changed.items()))

    def encode(self) -> bytes:
        """Return the bytes of it."""
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def is_bodiless(method: str, answer: Head) -> bool:
    """Whether no body follows on *answer*, whatever its headers say."""
    return method == "HEAD" or answer.code in _BODILESS


def chunk(data: bytes) -> bytes:
    """Return *data* as one chunk."""
    return b"%x\r\n%s\r\n" % (len(data), data)


async def read_head(wire: Wire) -> Head | None:
    """Read a head; None if the other side has ended the connection before it."""
    try:
        data = await wire.until(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    start, *lines = data.decode("latin-1").rstrip("\r\n").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Head(start, tuple((name, value.strip()) for name, _, value in pairs))


async def pieces(head: Head, wire: Wire, *, until_end: bool) -> AsyncIterator[bytes]:
    """
    Read the body that follows on *head*.

    Args:
        head: Says how long the body is.
        wire: Where it comes from.
        until_end: Whether a body of unknown length goes on to the end, or is none.

    Raises:
        EOFError: If the connection ends within it.
    """
    if head.value("transfer-encoding") == "chunked":
        while size := int((await wire.until(b"\r\n")).partition(b";")[0], 16):
            yield await wire.exactly(size)
            await wire.exactly(2)
        await wire.until(b"\r\n")
    elif length := head.value("content-length"):
        left = int(length)
        while left:
            if not (piece := await wire.some(min(left, _PIECE))):
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(piece)
            yield piece
    elif until_end:
        while piece := await wire.some(_PIECE):
            yield piece
