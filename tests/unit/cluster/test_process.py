"""Running programs, and ending them."""

import os
import signal
import threading
from pathlib import Path

import pytest

from tests.e2e.cluster.cache import Cache
from tests.e2e.cluster.errors import ClusterError, CommandError, Interrupted
from tests.e2e.cluster.graph import Step, run_steps
from tests.e2e.cluster.process import Command, Completed, SystemRunner, checked
from tests.e2e.cluster.progress import PlainReporter
from tests.unit.cluster.fake_runner import FakeRunner

BOUND_SECONDS = 8.0


def sh(script: str, **more: object) -> Command:
    return Command(("sh", "-c", script), **more)  # type: ignore[arg-type]


def test_output_and_exit_code_are_returned() -> None:
    """
    Standard output and error come back together with the exit code.
    """
    assert Completed(3, "out\nerr\n") == SystemRunner().run(sh("echo out; echo err >&2; exit 3"))


def test_input_reaches_a_program_that_takes_its_time() -> None:
    """
    Text for standard input arrives although the program outlives the first look at it.
    """
    done = SystemRunner().run(sh("sleep 1.2; cat", stdin="text"))

    assert "text" == done.output


def test_a_log_takes_the_output_and_explains_a_failure(tmp_path: Path) -> None:
    """
    With a log file the output goes there, and a failure shows its end.
    """
    log = tmp_path / "log"

    with pytest.raises(CommandError) as failure:
        checked(SystemRunner(), sh("seq 100; exit 1", log=log), "hint")

    assert ("hint", "100") == (failure.value.hint, failure.value.tail()[-1])
    assert log.read_text().startswith("1\n2\n")


def test_a_missing_program_is_named() -> None:
    """
    A program that is not installed is a sentence, not a traceback.
    """
    with pytest.raises(ClusterError, match="no-such-program is not installed"):
        SystemRunner().run(Command(("no-such-program",)))


def test_a_time_limit_ends_the_program() -> None:
    """
    What does not end in time is ended.
    """
    with pytest.raises(ClusterError, match="did not end within"):
        SystemRunner().run(sh("sleep 60", seconds=0.5))


def test_a_stop_ends_what_runs_and_lets_only_cleaning_up_start(tmp_path: Path) -> None:
    """
    After a stop the running program and its children are gone, and only cleaning up still works.
    """
    runner, pid_file = SystemRunner(), tmp_path / "pid"
    outcome: list[BaseException] = []

    def work() -> None:
        try:
            runner.run(sh(f"sleep 60 & echo $! > {pid_file}; wait"))
        except Interrupted as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    tick = threading.Event()
    while not (pid_file.exists() and pid_file.read_text().strip()):
        tick.wait(0.02)
    runner.stop()
    thread.join(BOUND_SECONDS)

    assert 1 == len(outcome)
    with pytest.raises(ProcessLookupError):
        _wait_until_gone(int(pid_file.read_text()), tick)
    with pytest.raises(Interrupted):
        runner.run(sh("true"))
    assert "clean\n" == runner.run(sh("echo clean", cleanup=True)).output


def _wait_until_gone(pid: int, tick: threading.Event) -> None:
    for _ in range(200):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            raise ProcessLookupError
        os.kill(pid, 0)
        tick.wait(0.02)
    os.kill(pid, signal.SIGKILL)


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


def test_a_log_of_the_cache_starts_empty(tmp_path: Path) -> None:
    """
    What an earlier run wrote is not taken for this one's.
    """
    cache = Cache(tmp_path)
    cache.log("step").write_text("old")

    assert not cache.log("step").read_text()
