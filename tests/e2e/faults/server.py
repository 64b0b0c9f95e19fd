"""The proxy as its event loop sees it: what listens, and all connections."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.e2e.faults.connection import Connection, Shared
from tests.e2e.faults.faults import Fault, HoldEvents
from tests.e2e.faults.rules import ActiveRule
from tests.e2e.faults.upstream import Upstream
from tests.e2e.faults.wire import NotingReader


@dataclass(frozen=True, slots=True)
class Connections:
    """
    How many connections clients have made.

    Attributes:
        accepted: All so far.
        open: Those of now.
        most_open: The most at once.
    """

    accepted: int = 0
    open: int = 0
    most_open: int = 0


class Server:
    """
    Listens on loopback. All methods belong to the thread of the event loop.

    Args:
        upstream: Where requests go.
        reserved: A socket that is bound to our port, and keeps it ours while we do not listen.

    Attributes:
        log: The requests.
        connections: Replaced at each change, so that it may be read by any thread.
        failures: What a connection ended with that is a mistake of the proxy's own.
    """

    def __init__(self, upstream: Upstream, reserved: socket.socket) -> None:
        self._shared = Shared(upstream)
        self._address = reserved.getsockname()
        self._listening: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], Connection] = {}
        self.log = self._shared.log
        self.connections = Connections()
        self.failures: list[BaseException] = []

    async def up(self) -> None:
        """Listen."""
        if self._listening is None:
            loop = asyncio.get_running_loop()
            self._listening = await loop.create_server(self._protocol, *self._address)

    async def down(self) -> None:
        """Stop listening and end every connection."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        connections = dict(self._open)
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        for connection in connections.values():  # a task may be cancelled before it cares for that
            await connection.close()

    def add(self, active: ActiveRule[Fault]) -> None:
        """Put a rule in force."""
        self._shared.rules.add(active)
        self._rules_changed()

    def remove(self, unwanted: ActiveRule[Fault]) -> None:
        """Take a rule out of force."""
        self._shared.rules.remove(lambda active: active is unwanted)
        self._rules_changed()

    def release(self) -> None:
        """Hold back events no more."""
        self._shared.rules.remove(lambda active: isinstance(active.rule.fault, HoldEvents))
        self._rules_changed()

    def clear(self) -> None:
        """Take all rules out of force, and end the connections in black holes."""
        self._shared.rules.remove(lambda _: True)
        self._rules_changed()
        self._shared.cleared.set()
        self._shared.cleared = asyncio.Event()

    def cut(self, resource: str | None) -> int:
        """Reset the connections of the open watches, and say how many there were."""
        streams = [s for s in self._shared.streams if resource in {None, s.seen.full_resource}]
        for stream in streams:
            stream.cut()
        return len(streams)

    def stall(self) -> None:
        """Let no byte pass on the connections of now."""
        for connection in self._open.values():
            connection.flowing.clear()

    def resume(self) -> None:
        """Let bytes pass on all connections."""
        for connection in self._open.values():
            connection.flowing.set()

    def open_watches(self) -> Iterator[str]:
        """Tell the resources of the open watches."""
        return (stream.seen.full_resource for stream in self._shared.streams)

    def _rules_changed(self) -> None:
        for stream in self._shared.streams:
            stream.rules_changed()

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        reader = NotingReader()

        def accepted(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._accept(reader, writer)

        return asyncio.StreamReaderProtocol(reader, accepted)

    def _accept(self, reader: NotingReader, writer: asyncio.StreamWriter) -> None:
        if self._listening is None:  # accepted in the moment in which we stopped
            writer.transport.abort()
            return
        connection = Connection(reader, writer, self._shared)
        task = asyncio.create_task(connection.serve())
        self._open[task] = connection
        task.add_done_callback(self._ended)
        self._count(accepted=self.connections.accepted + 1)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._open[task]
        self._count(accepted=self.connections.accepted)
        if not task.cancelled() and (failure := task.exception()):
            self.failures.append(failure)

    def _count(self, *, accepted: int) -> None:
        most = max(self.connections.most_open, len(self._open))
        self.connections = replace(
            self.connections, accepted=accepted, open=len(self._open), most_open=most
        )
