"""A proxy between a client and the API server, through which faults are injected."""

import asyncio
import contextlib
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from tests.e2e.cluster.controlplane.kubeconfig import write_private
from tests.e2e.faults.faults import Fault
from tests.e2e.faults.request import Seen
from tests.e2e.faults.rules import ActiveRule, Match, Rule
from tests.e2e.faults.server import Connections, Server
from tests.e2e.faults.upstream import Upstream, kubeconfig_of_proxy, load

T = TypeVar("T")

_ACT_WITHIN_SECONDS: Final = 10.0


class FaultProxy:
    """
    Forwards requests to an API server as long as a ``with`` block lasts, and breaks what it is told.

    It speaks plain HTTP on loopback, and runs in a thread of its own. The methods may be called
    by any other thread; when one returns, it has taken effect.

    Args:
        upstream: A kubeconfig; its current context says which API server, as whom.

    Attributes:
        kubeconfig: The same credentials with the proxy as the server; gone after the block.
        server: The URL of the proxy.
    """

    kubeconfig: Path
    server: str

    def __init__(self, upstream: Path) -> None:
        self._upstream_kubeconfig = upstream

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as undo:
            folder = Path(tempfile.mkdtemp(prefix="fault-proxy-"))
            undo.callback(shutil.rmtree, folder)
            reserved = undo.enter_context(_reserved_port())
            self.server = f"http://127.0.0.1:{reserved.getsockname()[1]}"
            content = kubeconfig_of_proxy(self._upstream_kubeconfig, self.server)
            self.kubeconfig = write_private(folder / "kubeconfig", content)
            self._start(load(self._upstream_kubeconfig, folder), reserved)
            undo.callback(self._stop)
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()
        for failure in self._server.failures:
            raise failure

    def add(self, rule: Rule[Fault]) -> ActiveRule[Fault]:
        """
        Put a rule in force, behind those that are.

        It concerns requests that come from now on, and if it is about events, open watches too.
        """
        active = ActiveRule(rule, self._remove)
        self._do(lambda: self._server.add(active))
        return active

    def release(self) -> None:
        """Remove all rules that hold back events: these are delivered."""
        self._do(self._server.release)

    def clear(self) -> None:
        """Remove all rules, and close the connections in black holes."""
        self._do(self._server.clear)

    def cut(self, resource: str | None = None) -> int:
        """Reset the connections of all open watches (of *resource*), and say how many there were."""
        return self._do(lambda: self._server.cut(resource))

    def stall(self) -> None:
        """
        Let no byte pass in either direction on the connections that are open now.

        Nobody is told (half-open TCP). New connections work.
        """
        self._do(self._server.stall)

    def resume(self) -> None:
        """Let pass what was stalled."""
        self._do(self._server.resume)

    def down(self) -> None:
        """Stop listening, and close every connection."""
        self._run(self._server.down())

    def up(self) -> None:
        """Listen again, at the same port."""
        self._run(self._server.up())

    def seen(
        self,
        verb: str | None = None,
        resource: str | None = None,
        name: str | None = None,
        namespace: str | None = None,
    ) -> list[Seen]:
        """
        Return the requests so far in their order; the arguments are those of ``Match``.

        With *namespace* only those there: what other tests leave may still be on its way out.
        """
        match = Match(verb, resource, name)
        found = [seen for seen in self._server.log.copy() if match.fits(seen)]
        return [seen for seen in found if namespace in {None, seen.namespace}]

    @property
    def connections(self) -> Connections:
        """How many connections there were, are, and were at most."""
        return self._server.connections

    @property
    def open_watches(self) -> list[str]:
        """The resources of the watches that are open, sorted."""
        return self._do(lambda: sorted(self._server.open_watches()))

    def _remove(self, active: ActiveRule[Fault]) -> None:
        self._do(lambda: self._server.remove(active))

    def _start(self, upstream: Upstream, reserved: socket.socket) -> None:
        started: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._main(Server(upstream, reserved), started)),
            name=f"fault proxy {self.server}",
        )
        self._thread.start()
        started.result()

    async def _main(self, server: Server, started: Future[None]) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        try:
            await server.up()
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(None)
        await self._stopping.wait()
        await server.down()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _do(self, action: Callable[[], T]) -> T:
        """Do something in the thread of the event loop."""

        async def act() -> T:
            return action()

        return self._run(act())

    def _run(self, action: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(action, self._loop)
        return future.result(timeout=_ACT_WITHIN_SECONDS)


def _reserved_port() -> socket.socket:
    """Return a socket that is bound to a free port, which others than us do not get meanwhile."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved
