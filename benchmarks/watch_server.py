"""
An API server that sends prepared watch events of Pods, as fast as its client takes them in.

``python -m benchmarks.watch_server EVENTS`` prints its port, and serves until its input ends. It is
a process of its own: a client that shared Python's lock with it would be measured too slow.
"""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.pods import encoded, running_pod

REPOSITORY = Path(__file__).parents[1]

EVENTS_OF_A_POD = 5
"""Added, bound, initialized, running, ready."""

FIRST_VERSION = 1000
BLOCK = 200
"""Events that are handed to the kernel at once; each stays an HTTP chunk of its own."""


def events(total: int) -> Iterator[bytes]:
    """The lines: every Pod is added, and then modified again and again, all Pods in turn."""
    pods = total // EVENTS_OF_A_POD
    for number in range(total):
        kind = "ADDED" if number < pods else "MODIFIED"
        pod = running_pod(number % pods, "default", FIRST_VERSION + 1 + number)
        yield encoded({"type": kind, "object": pod}) + b"\n"


def chunked(lines: Iterator[bytes]) -> list[bytes]:
    """*lines* in HTTP's chunked encoding, in blocks."""
    chunks = [b"%x\r\n%s\r\n" % (len(line), line) for line in lines]
    return [b"".join(chunks[at : at + BLOCK]) for at in range(0, len(chunks), BLOCK)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    blocks: list[bytes]

    def do_GET(self) -> None:
        """An empty list, or all events and then silence."""
        with suppress(OSError):  # the client has heard enough
            if "watch=true" in self.path:
                self._watch()
            else:
                self._list()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _list(self) -> None:
        metadata = {"resourceVersion": str(FIRST_VERSION)}
        body = encoded({"kind": "PodList", "metadata": metadata, "items": []})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _watch(self) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for block in self.blocks:
            self.connection.sendall(block)
        self.connection.recv(1)  # until the client hangs up
        self.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def watch_server(total: int) -> Iterator[str]:
    """A server of *total* events in a process of its own; its URL."""
    with subprocess.Popen(  # noqa: S603 - it is this file
        [sys.executable, "-m", "benchmarks.watch_server", str(total)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - for mypy: it was asked for
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def main() -> None:
    """Serve until the input ends, as it does when the one that started us is gone."""
    _Handler.blocks = chunked(events(int(sys.argv[1])))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
