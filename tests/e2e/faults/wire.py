"""One TCP connection, whose bytes can be stalled and slowed down."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Coroutine
from typing import Any, Final

LIMIT: Final = 2**20  # of a message's head
_LINGER: Final = struct.pack("ii", 1, 0)  # closing sends RST at once
_PIECES_PER_SECOND: Final = 20
_CLOSE_WITHIN_SECONDS: Final = 0.5


class NotingReader(asyncio.StreamReader):
    """
    A reader that says when the other side has gone, also while nobody reads.

    Attributes:
        gone: Set once there is nothing more to come.
    """

    def __init__(self) -> None:
        super().__init__(limit=LIMIT)
        self.gone = asyncio.Event()

    def feed_eof(self) -> None:
        """Note the end."""
        super().feed_eof()
        self.gone.set()

    def set_exception(self, exc: Exception) -> None:
        """Note the loss of the connection."""
        super().set_exception(exc)
        self.gone.set()


class Wire:
    """
    One connection.

    Args:
        reader: What comes in.
        writer: What goes out.
        flowing: While it is not set, nothing passes, in neither direction; not even the end.

    Attributes:
        bytes_per_second: Bound of what goes out, if there is one.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flowing: asyncio.Event
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._flowing = flowing
        self.bytes_per_second: float | None = None
        writer.transport.set_write_buffer_limits(
            0
        )  # what is written is out: an abort loses nothing

    @property
    def ended(self) -> bool:
        """Whether the other side, or we, have closed it."""
        return self._reader.at_eof() or self._writer.is_closing()

    async def until(self, end: bytes) -> bytes:
        """Read up to *end*, and with it."""
        return await self._once_flowing(self._reader.readuntil(end))

    async def exactly(self, size: int) -> bytes:
        """Read so many bytes."""
        return await self._once_flowing(self._reader.readexactly(size))

    async def some(self, most: int) -> bytes:
        """Read what there is; nothing means the end."""
        return await self._once_flowing(self._reader.read(most))

    async def write(self, data: bytes) -> None:
        """Write *data* and wait until it is out."""
        rate = self.bytes_per_second
        size = max(1, int(rate / _PIECES_PER_SECOND)) if rate else max(1, len(data))
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            await self._flowing.wait()
            self._writer.write(piece)
            await self._writer.drain()
            if rate:
                await asyncio.sleep(len(piece) / rate)

    def reset(self) -> None:
        """End it at once with RST, as a crashed machine would."""
        connected = self._writer.get_extra_info("socket")
        with contextlib.suppress(OSError):  # it is closed already
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        self._writer.transport.abort()

    async def close(self) -> None:
        """End it and wait until the socket is gone."""
        self._writer.transport.abort()
        with contextlib.suppress(OSError):
            async with asyncio.timeout(_CLOSE_WITHIN_SECONDS):
                # if we are cancelled, another may still want to wait
                await asyncio.shield(self._writer.wait_closed())

    async def _once_flowing(self, reading: Coroutine[Any, Any, bytes]) -> bytes:
        """Let what was read, be it the end, come out only when it may."""
        try:
            data = await reading
        except (OSError, EOFError):
            await self._flowing.wait()
            raise
        await self._flowing.wait()
        return data
