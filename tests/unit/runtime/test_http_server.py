"""The server of probes and metrics."""

import socket
import struct
import threading
from http import HTTPStatus
from time import monotonic

import pytest
import urllib3

from daskop.runtime.http_server import HttpServer, check
from daskop.settings import Address

BOUND_SECONDS = 5.0


def test_the_http_server_answers_and_ends() -> None:
    """
    A check is 200 or 503 with the reason, other paths are 404, and stop closes the port.
    """
    pages = {"/good": check(lambda: ""), "/bad": check(lambda: "no cache")}
    server = HttpServer("test", Address("127.0.0.1", 0), pages)
    server.start()
    began = monotonic()
    try:
        root = f"http://{server.address}"
        answers = {
            path: urllib3.request("GET", root + path, timeout=BOUND_SECONDS)
            for path in ("/good", "/bad?x=1", "/other")
        }
    finally:
        server.stop()

    assert monotonic() - began < 1.0  # it does not wait for its next look
    assert {
        "/good": (HTTPStatus.OK, b"ok\n"),
        "/bad?x=1": (HTTPStatus.SERVICE_UNAVAILABLE, b"no cache\n"),
        "/other": (HTTPStatus.NOT_FOUND, b"no such page\n"),
    } == {path: (answer.status, answer.data) for path, answer in answers.items()}


def test_a_client_that_hangs_up_is_no_fault(capfd: pytest.CaptureFixture[str]) -> None:
    """
    A scrape that gives up before its answer leaves no traceback in the log.
    """
    asked, gone = threading.Event(), threading.Event()

    def slow() -> tuple[HTTPStatus, bytes]:
        asked.set()
        gone.wait(BOUND_SECONDS)
        return HTTPStatus.OK, b"x" * 10_000_000

    server = HttpServer("test", Address("127.0.0.1", 0), {"/metrics": slow})
    server.start()
    try:
        host, _, port = server.address.partition(":")
        with socket.create_connection((host, int(port)), BOUND_SECONDS) as client:
            client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            assert asked.wait(BOUND_SECONDS)
            at_once = struct.pack("ii", 1, 0)  # close by a reset
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        handler = next(t for t in threading.enumerate() if "process_request" in t.name)
        gone.set()
        handler.join(BOUND_SECONDS)
    finally:
        gone.set()
        server.stop()

    assert ("", "") == capfd.readouterr()
