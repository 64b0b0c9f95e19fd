"""Steps that depend on each other, and what is said of them."""

import io
import threading

import pytest
from rich.console import Console

from tests.e2e.cluster.errors import ClusterError, Interrupted
from tests.e2e.cluster.graph import Step, run_steps
from tests.e2e.cluster.progress import LiveReporter, PlainReporter, reporter
from tests.unit.cluster.fake_runner import FakeRunner

BOUND_SECONDS = 8.0


def plain() -> PlainReporter:
    return PlainReporter(lambda _: None)


def test_steps_run_after_what_they_need() -> None:
    """
    A step begins when all that it needs is done, whatever the order in the list.
    """
    order: list[str] = []
    steps = [
        Step("c", lambda: order.append("c"), ("a", "b")),
        Step("b", lambda: order.append("b"), ("a",)),
        Step("a", lambda: order.append("a")),
    ]

    run_steps(steps, FakeRunner(), plain())

    assert ["a", "b", "c"] == order


def test_the_first_failure_stops_the_rest() -> None:
    """
    A step that fails ends the others' programs, and its error is raised.
    """
    runner, after = FakeRunner(), list[str]()

    def fail() -> None:
        raise ClusterError("broken")

    steps = [Step("a", fail), Step("b", lambda: after.append("b"), ("a",))]
    with pytest.raises(ClusterError, match="broken"):
        run_steps(steps, runner, plain())

    assert (True, []) == (runner.stopped, after)


def test_steps_that_wait_for_each_other_are_an_error() -> None:
    """
    A circle is named instead of waited for.
    """
    steps = [Step("a", lambda: None, ("b",)), Step("b", lambda: None, ("a",))]

    with pytest.raises(ValueError, match=r"\['a', 'b'\]"):
        run_steps(steps, FakeRunner(), plain())


def test_plain_lines_say_when_and_how_long() -> None:
    """
    Each line has the time since the start; the end of a step has its own time and outcome.
    """
    lines: list[str] = []
    times = iter([0.0, 61.0, 61.0, 65.0, 66.0])
    reporter = PlainReporter(lines.append, lambda: next(times))

    with reporter.step("build"):
        pass

    assert ["[01:01] build: started", "[01:06] build: done (4 s)"] == lines


def test_steps_that_do_not_need_each_other_run_side_by_side() -> None:
    """
    Two steps that meet in the middle both end.
    """
    barrier = threading.Barrier(2)
    steps = [Step(name, lambda: barrier.wait(BOUND_SECONDS)) for name in ("a", "b")]

    run_steps(steps, FakeRunner(), plain())

    assert not barrier.broken


def test_what_runs_when_another_step_fails_is_stopped_and_waited_for() -> None:
    """
    The failure ends the other step's program; the error is that of the step that failed first.
    """
    ended: list[str] = []
    began, stopped = threading.Event(), threading.Event()

    class Runner(FakeRunner):
        def stop(self) -> None:
            stopped.set()

    def long() -> None:
        began.set()
        assert stopped.wait(BOUND_SECONDS)
        ended.append("long")
        raise Interrupted

    def fail() -> None:
        assert began.wait(BOUND_SECONDS)
        raise ClusterError("broken")

    with pytest.raises(ClusterError, match="broken"):
        run_steps([Step("long", long), Step("fail", fail)], Runner(), plain())

    assert ["long"] == ended


def test_a_stop_inside_a_step_is_passed_on() -> None:
    """
    A step that was interrupted interrupts the run, and is said to have stopped.
    """
    lines: list[str] = []

    def interrupted() -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        run_steps([Step("a", interrupted)], FakeRunner(), PlainReporter(lines.append, lambda: 0.0))

    assert ["[00:00] a: started", "[00:00] a: stopped (0 s)"] == lines


def test_a_terminal_keeps_what_has_ended() -> None:
    """
    On a terminal each end of a step stays to be read, also after the table was gone for a while.
    """
    screen = io.StringIO()
    live = LiveReporter(Console(file=screen, force_terminal=True, width=80, no_color=True))

    with live.step("outer"), live.step("inner"):
        pass
    with pytest.raises(ClusterError), live.step("broken"):
        raise ClusterError("broken")

    shown = screen.getvalue()
    ends = [shown.find(end) for end in ("inner: ", "outer: ", "broken: ")]
    assert sorted(ends) == ends
    assert -1 not in ends


def test_a_log_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Where standard error is no terminal there is no table.
    """
    monkeypatch.setattr("sys.stderr", io.StringIO())

    assert isinstance(reporter(), PlainReporter)
