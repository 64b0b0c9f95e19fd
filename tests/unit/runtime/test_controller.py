"""The controller loop, and the HTTP server."""

import threading
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

import pytest
import urllib3

from daskop.api.meta import NamespacedName
from daskop.clock import SystemClock
from daskop.errors import ConflictError, DaskopError
from daskop.metrics import Metrics
from daskop.runtime.controller import Controller
from daskop.runtime.handlers import enqueue_owner, enqueue_related, enqueue_self
from daskop.runtime.http_server import HttpServer, check
from daskop.runtime.reconciler import Result
from daskop.settings import Address
from tests.unit.builders import a_pod, a_service, key

BOUND_SECONDS = 8.0


class Scripted:
    """A reconciler that does one step of a script in each pass, and says when it is through."""

    name = "scripted"

    def __init__(self, *steps: Callable[[], Result]) -> None:
        self._steps = list(steps)
        self.passes: list[NamespacedName] = []
        self.through = threading.Event()

    def reconcile(self, key: NamespacedName) -> Result:
        """Make one pass."""
        self.passes.append(key)
        step = self._steps.pop(0)
        try:
            return step()
        finally:
            if not self._steps:
                self.through.set()


def raising(error: Exception) -> Callable[[], Result]:
    def step() -> Result:
        raise error

    return step


def run(reconciler: Scripted) -> Metrics:
    metrics = Metrics()
    controller = Controller(reconciler, 1, SystemClock(), metrics)
    controller.start()
    try:
        controller.queue.add(key("a"))
        assert reconciler.through.wait(BOUND_SECONDS)
        assert controller.alive
    finally:
        controller.stop()
    return metrics


def count(metrics: Metrics, result: str) -> float | None:
    labels = {"controller": "scripted", "result": result}
    return metrics.registry.get_sample_value("daskop_reconcile_total", labels)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(DaskopError("refused"), id="error of ours"),
        pytest.param(ConflictError(409, "Conflict", "stale"), id="conflict"),
        pytest.param(ZeroDivisionError("bug"), id="bug"),
    ],
)
def test_a_pass_that_fails_is_made_again(error: Exception) -> None:
    """
    Whatever goes wrong, the key comes back and the worker thread lives.
    """
    reconciler = Scripted(raising(error), Result)

    metrics = run(reconciler)

    assert [key("a"), key("a")] == reconciler.passes
    assert (1, 1) == (count(metrics, "error"), count(metrics, "success"))


def test_a_pass_can_ask_for_another_one() -> None:
    """
    A result with a delay brings the key back although nothing changed.
    """
    reconciler = Scripted(lambda: Result(timedelta(0)), Result)

    metrics = run(reconciler)

    assert (1, 1) == (count(metrics, "requeue_after"), count(metrics, "success"))


class Added(list[NamespacedName]):
    """A queue that only remembers."""

    def add(self, item: NamespacedName) -> None:
        """Remember a key."""
        self.append(item)


def test_handlers_name_the_keys_that_need_a_pass() -> None:
    """
    The object itself, the owner of the right kind, and whatever is related.
    """
    added = Added()
    service = a_service()

    enqueue_self(added)(service)
    enqueue_owner(added, "DaskCluster")(service)
    enqueue_owner(added, "DaskJob")(service)
    enqueue_related(added, lambda view: [key("x"), view.meta.key])(a_pod("p"))

    assert [key("c-service"), key("owner"), key("x"), key("p")] == added


def test_the_http_server_answers_and_ends() -> None:
    """
    A check is 200 or 503 with the reason, other paths are 404, and stop closes the port.
    """
    pages = {"/good": check(lambda: True, ""), "/bad": check(lambda: False, "no cache")}
    server = HttpServer("test", Address("127.0.0.1", 0), pages)
    server.start()
    try:
        root = f"http://127.0.0.1:{server.port}"
        answers = {
            path: urllib3.request("GET", root + path, timeout=BOUND_SECONDS)
            for path in ("/good", "/bad?x=1", "/other")
        }
    finally:
        server.stop()

    assert {
        "/good": (HTTPStatus.OK, b"ok\n"),
        "/bad?x=1": (HTTPStatus.SERVICE_UNAVAILABLE, b"no cache\n"),
        "/other": (HTTPStatus.NOT_FOUND, b"no such page\n"),
    } == {path: (answer.status, answer.data) for path, answer in answers.items()}
