"""``/healthz``, ``/readyz`` and ``/metrics``."""

import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

from daskop.settings import Address

Page: TypeAlias = Callable[[], tuple[HTTPStatus, bytes]]
"""Makes the answer to one path."""

IDLE_SECONDS = 3600.0
"""How often a server without clients looks whether it is to end."""

REQUEST_SECONDS = 10.0
"""A client that is slower than this is cut off."""


def check(trouble: Callable[[], str]) -> Page:
    """A page that is 200 ``ok``, or 503 with the words for what fails."""

    def page() -> tuple[HTTPStatus, bytes]:
        words = trouble()
        if not words:
            return HTTPStatus.OK, b"ok\n"
        return HTTPStatus.SERVICE_UNAVAILABLE, f"{words}\n".encode()

    return page


class HttpServer:
    """A few pages on one address."""

    def __init__(self, name: str, address: Address, pages: Mapping[str, Page]) -> None:
        handler = type("Handler", (_Handler,), {"pages": pages})
        self.name = name
        self._server = ThreadingHTTPServer((address.host, address.port), handler)
        self._server.daemon_threads = True  # a slow client must not hold up the end
        self._thread = threading.Thread(target=self._serve, name=f"http-{name}")

    @property
    def address(self) -> str:
        """``HOST:PORT`` that it listens on."""
        return "{}:{}".format(*self._bound)

    @property
    def _bound(self) -> tuple[str, int]:
        host, port = self._server.server_address[:2]
        return str(host), port

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port and end the thread."""
        if self._thread.ident is not None:
            ending = threading.Thread(target=self._server.shutdown)
            ending.start()
            while ending.is_alive():  # it looks up when somebody connects, and at nothing else
                with suppress(OSError):
                    socket.create_connection(self._bound, 1.0).close()
                ending.join(0.02)
            self._thread.join()
        self._server.server_close()

    def _serve(self) -> None:
        """Wait for clients and not for the time: a server that polls is never quite at rest."""
        self._server.serve_forever(poll_interval=IDLE_SECONDS)


class _Handler(BaseHTTPRequestHandler):
    pages: Mapping[str, Page]
    timeout = REQUEST_SECONDS

    def handle(self) -> None:
        """Serve one connection; a client that hangs up is no fault of ours."""
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        """Answer one request."""
        # A probe may append a query against caches on the way.
        page = self.pages.get(self.path.partition("?")[0])
        status, body = page() if page else (HTTPStatus.NOT_FOUND, b"no such page\n")
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it is called by
        """Say nothing: probes come every few seconds."""
