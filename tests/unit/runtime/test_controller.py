"""The controller loop, and the HTTP server."""

import threading
from collections.abc import Callable
from datetime import timedelta
from time import monotonic

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from daskop.api.meta import NamespacedName
from daskop.cache.informer import Change
from daskop.clock import SystemClock
from daskop.errors import ApiError, ConflictError, DaskopError
from daskop.metrics import Metrics
from daskop.runtime.controller import STUCK_SECONDS, TIMEOUT_SECONDS, Controller
from daskop.runtime.handlers import enqueue_owner, enqueue_related, enqueue_self
from daskop.runtime.reconciler import Result
from daskop.workqueue.queue import Priority
from tests.unit.builders import a_pod, a_service, key
from tests.unit.fakes.clock import SteppedClock

BOUND_SECONDS = 8.0
OF_SCRIPTED = {"controller": "scripted"}


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


def raising(error: BaseException) -> Callable[[], Result]:
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
    assert controller.join(BOUND_SECONDS)
    return metrics


def count(metrics: Metrics, result: str) -> float | None:
    labels = {"controller": "scripted", "result": result}
    return metrics.registry.get_sample_value("daskop_reconcile_total", labels)


@pytest.mark.parametrize(
    ("error", "result"),
    [
        pytest.param(DaskopError("refused"), "error", id="error of ours"),
        pytest.param(ConflictError(409, "Conflict", "stale"), "conflict", id="conflict"),
        pytest.param(ZeroDivisionError("bug"), "crash", id="bug"),
        pytest.param(SystemExit(3), "crash", id="not even an Exception"),
    ],
)
def test_a_pass_that_fails_is_made_again(error: BaseException, result: str) -> None:
    """
    Whatever goes wrong, the key comes back and the worker thread lives.
    """
    reconciler = Scripted(raising(error), Result)

    metrics = run(reconciler)

    assert [key("a"), key("a")] == reconciler.passes
    assert (1, 1) == (count(metrics, result), count(metrics, "success"))


def test_a_pass_that_hangs_is_seen_and_cut_off() -> None:
    """
    It is counted once, told in the metrics while it hangs, no reason to die, and left at the end.
    """
    hangs, release = threading.Event(), threading.Event()

    def hang() -> Result:
        hangs.set()
        release.wait(BOUND_SECONDS)
        return Result()

    clock, metrics = SteppedClock(), Metrics()
    controller = Controller(Scripted(hang), 2, clock, metrics)
    controller.start()
    try:
        controller.queue.add(key("a"))
        assert hangs.wait(BOUND_SECONDS)
        clock.step(TIMEOUT_SECONDS + 1)
        controller.check_timeouts()
        controller.check_timeouts()
        seen = (
            metrics.registry.get_sample_value("daskop_reconcile_timeouts_total", OF_SCRIPTED),
            metrics.registry.get_sample_value(
                "workqueue_longest_running_processor_seconds", {"name": "scripted"}
            ),
            controller.alive,
        )
        clock.step(STUCK_SECONDS)
        assert not controller.alive
        controller.stop()
        assert not controller.join(0.01)
    finally:
        release.set()

    assert (1, TIMEOUT_SECONDS + 1, True) == seen


def test_a_server_that_is_busy_is_given_time() -> None:
    """
    A pass that failed with a Retry-After is not made again before that.
    """
    busy = ApiError(429, "TooManyRequests", "busy", retry_after_seconds=0.1)
    reconciler = Scripted(raising(busy), Result)
    began = monotonic()

    run(reconciler)

    assert monotonic() - began >= 0.1


def test_a_stop_does_not_work_off_the_backlog() -> None:
    """
    The pass under way is finished, what waits is left for the successor.
    """
    entered, release = threading.Event(), threading.Event()

    def work() -> Result:
        entered.set()
        release.wait(BOUND_SECONDS)
        return Result()

    reconciler = Scripted(work, Result, Result)
    controller = Controller(reconciler, 1, SystemClock(), Metrics())
    controller.start()
    for name in ("a", "b", "c"):
        controller.queue.add(key(name))
    assert entered.wait(BOUND_SECONDS)
    threading.Timer(0.02, release.set).start()

    controller.stop()
    assert controller.join(BOUND_SECONDS)
    assert [key("a")] == reconciler.passes


def test_a_line_of_a_pass_says_which() -> None:
    """
    Controller, namespace, name and a mark of the pass are bound to whatever is logged in it.
    """
    with capture_logs([merge_contextvars]) as logs:
        run(Scripted(raising(DaskopError("refused")), Result))

    (line,) = (entry for entry in logs if entry["event"] == "reconcile_failed")
    assert ("scripted", "ns", "a") == (line["controller"], line["namespace"], line["name"])
    assert 8 == len(line["reconcile_id"])


def test_a_pass_can_ask_for_another_one() -> None:
    """
    A result with a delay brings the key back although nothing changed.
    """
    reconciler = Scripted(lambda: Result(timedelta(0)), Result)

    metrics = run(reconciler)

    assert (1, 1) == (count(metrics, "requeue_after"), count(metrics, "success"))


class Added(list[tuple[NamespacedName, Priority]]):
    """A queue that only remembers."""

    def add(self, item: NamespacedName, priority: Priority) -> None:
        """Remember a key."""
        self.append((item, priority))


def test_handlers_name_the_keys_that_need_a_pass() -> None:
    """
    The object itself, the owner of the right kind, and whatever is related.
    """
    added = Added()
    service = a_service()

    enqueue_self(added)(Change(None, service))
    enqueue_owner(added, "DaskCluster")(Change(None, service))
    enqueue_owner(added, "DaskJob")(Change(None, service))
    enqueue_related(added, lambda view: [key("x"), view.meta.key])(Change(None, a_pod("p")))

    assert [key("c-service"), key("owner"), key("x"), key("p")] == [item for item, _ in added]


def test_handlers_tell_the_owner_that_was_as_well() -> None:
    """
    An object that has lost its owner, or is gone, concerns the owner that it had.
    """
    added = Added()
    handle = enqueue_owner(added, "DaskCluster")
    owned = a_service()
    stripped = owned._replace(meta=owned.meta._replace(owners=()))

    handle(Change(owned, stripped))
    handle(Change(owned, None))
    handle(Change(owned, owned))

    assert [key("owner")] * 3 == [item for item, _ in added]


def test_a_list_is_less_urgent_than_a_change() -> None:
    """
    What a full list brings gets the lower priority.
    """
    added = Added()
    for listed in (True, False):
        enqueue_self(added)(Change(None, a_pod("p"), listed))

    assert [Priority.LOW, Priority.NORMAL] == [priority for _, priority in added]
