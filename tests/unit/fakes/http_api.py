"""A real HTTP server on loopback that answers as a script says, in an API server's place."""

import itertools
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self, TypeAlias
from urllib.parse import parse_qs, urlsplit

import yaml


@dataclass(frozen=True, slots=True)
class Request:
    """What came over the wire."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What goes back.

    Attributes:
        body: Sent as JSON, unless it is bytes already.
        lines: For a watch: sent one by one, and then the connection is closed.
        headers: Sent as well.
    """

    status: int = 200
    body: Any = None
    lines: Iterator[bytes] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Responder: TypeAlias = Callable[[Request], Answer]


@dataclass(slots=True)
class HttpApi:
    """
    The server; *respond* may be set anew at any time.

    Attributes:
        connections: How many were opened so far.
    """

    respond: Responder
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    token: str = "a-token"  # noqa: S105 - opens nothing

    def __enter__(self) -> Self:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body are two writes

            def handle(self) -> None:
                """Serve one connection until the client leaves, however it does."""
                api.connections += 1
                with suppress(ConnectionError):
                    super().handle()

            def handle_one(self) -> None:
                split = urlsplit(self.path)
                length = int(self.headers.get("content-length") or 0)
                query = {name: values[-1] for name, values in parse_qs(split.query).items()}
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(length)
                request = Request(self.command, split.path, query, headers, body)
                api.requests.append(request)
                self.answer(api.respond(request))

            def answer(self, answer: Answer) -> None:
                body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body)
                payload = body if isinstance(body, bytes) else body.encode()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.lines is None:
                    self.send_header("content-length", str(len(payload)))
                    self.end_headers()
                    self.wfile.write(payload)
                    return
                self.send_header("transfer-encoding", "chunked")  # as a real server does
                self.end_headers()
                try:
                    for chunk in itertools.chain(answer.lines, [b""]):
                        self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
                        self.wfile.flush()
                except OSError:
                    pass  # the client has gone, as some tests want

            do_GET = do_POST = do_PATCH = do_DELETE = handle_one  # noqa: N815 - http.server's names

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    _server: ThreadingHTTPServer = field(init=False)
    _thread: threading.Thread = field(init=False)

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def kubeconfig(self, folder: Path) -> Path:
        """Write a kubeconfig for this server, and return its path."""
        server = f"http://127.0.0.1:{self._server.server_address[1]}"
        entries = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [{"name": "u", "user": {"token": self.token}}],
        }
        path = folder / "kubeconfig"
        path.write_text(yaml.safe_dump(entries))
        return path
