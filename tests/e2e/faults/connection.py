"""One client's connection: requests are read, befallen by faults, forwarded and answered."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from tests.e2e.faults.faults import (
    Answer,
    BlackHole,
    Delay,
    LoseAnswer,
    Refuse,
    RequestFault,
    Throttle,
    Truncate,
)
from tests.e2e.faults.message import LAST_CHUNK, Head, chunk, is_bodiless, pieces, read_head
from tests.e2e.faults.request import RequestLog, Seen, seen_of
from tests.e2e.faults.rules import RuleSet
from tests.e2e.faults.upstream import Upstream
from tests.e2e.faults.watch_stream import HangUpError, WatchStream
from tests.e2e.faults.wire import NotingReader, Wire


@dataclass(slots=True)
class Shared:
    """
    What all connections of a proxy have in common.

    Attributes:
        upstream: Where requests go.
        log: Where they are written down.
        rules: What befalls them.
        streams: The watches that are open.
        cleared: Set once, to end the connections that hang in a black hole, and then replaced.
    """

    upstream: Upstream
    log: RequestLog = field(default_factory=RequestLog)
    rules: RuleSet = field(default_factory=RuleSet)
    streams: set[WatchStream] = field(default_factory=set)
    cleared: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class _Exchange:
    """A request that has come in wholly, and what shall befall it."""

    method: str
    head: Head
    seen: Seen
    number: int
    faults: list[RequestFault]

    def has(self, fault: type[RequestFault]) -> bool:
        return any(isinstance(one, fault) for one in self.faults)


class Connection:
    """
    A connection that a client has opened, and ours to the API server that belongs to it.

    A request that has come in wholly is forwarded, also if its client has left meanwhile.

    Attributes:
        flowing: While it is not set, no byte passes, in neither direction.
    """

    def __init__(self, reader: NotingReader, writer: asyncio.StreamWriter, shared: Shared) -> None:
        self.flowing = asyncio.Event()
        self.flowing.set()
        self._shared = shared
        self._gone = reader.gone
        self._client = Wire(reader, writer, self.flowing)
        self._upstream: Wire | None = None

    async def serve(self) -> None:
        """Answer requests until a side ends the connection, or a fault does."""
        try:
            while await self._exchange():
                self._client.bytes_per_second = None
        except (OSError, EOFError, HangUpError):
            pass  # the client gets to know by the end of its connection
        finally:
            await self.close()

    async def close(self) -> None:
        """Close both sides, if they are not closed yet."""
        for wire in filter(None, (self._upstream, self._client)):
            await wire.close()

    async def _exchange(self) -> bool:
        """Answer one request, and say whether there may be another."""
        head = await read_head(self._client)
        if head is None:
            return False
        method, target, _ = head.start.split(" ")
        body = b"".join([piece async for piece in pieces(head, self._client, until_end=False)])
        seen = seen_of(method, target, body, time.monotonic())
        number = self._shared.log.add(seen)
        exchange = _Exchange(method, head, seen, number, self._shared.rules.befall(seen))
        if not await self._is_answered(exchange):
            await self._pass_on_answer(exchange, await self._forward(exchange))
        return head.value("connection") != "close"

    async def _is_answered(self, exchange: _Exchange) -> bool:
        """Let happen what happens before a request is forwarded, and say if it never is."""
        for fault in exchange.faults:
            match fault:
                case Delay(seconds):
                    await asyncio.sleep(seconds)
                case Throttle(bytes_per_second):
                    self._client.bytes_per_second = bytes_per_second
                case Refuse():
                    raise HangUpError
                case BlackHole():
                    await self._unless_gone(self._shared.cleared.wait())
                    raise HangUpError
                case Answer():
                    await self._answer(exchange, fault)
                    return True
                case _:
                    pass
        return False

    async def _answer(self, exchange: _Exchange, fault: Answer) -> None:
        self._shared.log.answered(exchange.number, fault.code)
        start = f"HTTP/1.1 {fault.code} {HTTPStatus(fault.code).phrase}"
        headers = {"Content-Type": "application/json", "Content-Length": f"{len(fault.body)}"}
        head = Head(start, (*headers.items(), *fault.headers.items()))
        await self._client.write(head.encode() + fault.body)

    async def _forward(self, exchange: _Exchange) -> Head:
        """Send a request to the API server and return the head of its answer."""
        if self._upstream is None or self._upstream.ended:
            await self._connect()
        assert self._upstream is not None
        upstream, body = self._upstream, exchange.seen.body
        length = {"Content-Length": f"{len(body)}"} if body else {}
        await upstream.write(exchange.head.passed_on(length).encode() + body)
        while answer := await read_head(upstream):
            if answer.code >= HTTPStatus.OK:
                self._shared.log.answered(exchange.number, answer.code)
                return answer
        raise HangUpError

    async def _connect(self) -> None:
        if self._upstream is not None:
            await self._upstream.close()
        self._upstream = Wire(*await self._shared.upstream.connect(), self.flowing)

    async def _pass_on_answer(self, exchange: _Exchange, answer: Head) -> None:
        if is_bodiless(exchange.method, answer):
            await self._client.write(answer.passed_on({}).encode())
        elif exchange.has(LoseAnswer) or exchange.has(Truncate):
            await self._cripple(exchange, answer)
        elif exchange.seen.verb == "watch" and answer.code == HTTPStatus.OK:
            await self._client.write(answer.passed_on({"Transfer-Encoding": "chunked"}).encode())
            await self._unless_gone(self._watch(exchange.seen, answer))
        else:
            await self._stream(answer)

    async def _cripple(self, exchange: _Exchange, answer: Head) -> None:
        """Read the answer wholly, and pass on as much of it as the fault lets through."""
        assert self._upstream is not None
        body = b"".join([piece async for piece in pieces(answer, self._upstream, until_end=True)])
        for fault in exchange.faults:
            if isinstance(fault, Truncate):
                head = answer.passed_on({"Content-Length": f"{len(body)}"})
                await self._client.write(head.encode() + body[: fault.size])
        raise HangUpError

    async def _stream(self, answer: Head) -> None:
        """Pass on an answer piece by piece."""
        assert self._upstream is not None
        is_chunked = not answer.value("content-length")
        changed = {"Transfer-Encoding": "chunked"} if is_chunked else {}
        await self._client.write(answer.passed_on(changed).encode())
        async for piece in pieces(answer, self._upstream, until_end=True):
            await self._client.write(chunk(piece) if is_chunked else piece)
        if is_chunked:
            await self._client.write(LAST_CHUNK)

    async def _watch(self, seen: Seen, answer: Head) -> None:
        """Pass on a watch; after an end that is not the API server's, its connection is closed."""
        assert self._upstream is not None
        stream = WatchStream(seen, self._client, self._shared.rules)
        self._shared.streams.add(stream)
        try:
            await stream.run(pieces(answer, self._upstream, until_end=True))
        finally:
            self._shared.streams.remove(stream)
            await self._upstream.close()

    async def _unless_gone(self, work: Coroutine[Any, Any, object]) -> None:
        """
        Do *work* while the client is there.

        Raises:
            HangUpError: If the client goes.
        """
        working = asyncio.create_task(work)
        leaving = asyncio.create_task(self._gone.wait())
        try:
            await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise HangUpError
            await working
        finally:
            for task in (working, leaving):
                task.cancel()
            await asyncio.gather(working, leaving, return_exceptions=True)
