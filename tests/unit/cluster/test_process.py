"""Running programs, and ending them."""

import os
import signal
import threading
from pathlib import Path

import pytest

from tests.e2e.cluster.errors import ClusterError, CommandError, Interrupted
from tests.e2e.cluster.process import Command, Completed, SystemRunner, checked

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


def test_long_input_reaches_a_slow_reader() -> None:
    """
    More text than a pipe holds arrives whole at a program that begins to read late.
    """
    done = SystemRunner().run(sh("sleep 1.2; wc -c", stdin="x" * 300_000))

    assert "300000" == done.output.strip()


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


def test_a_time_limit_ends_grandchildren(tmp_path: Path) -> None:
    """
    What the program itself started goes with it.
    """
    pid_file = tmp_path / "pid"

    with pytest.raises(ClusterError):
        SystemRunner().run(sh(f"sleep 60 & echo $! > {pid_file}; wait", seconds=0.5))

    with pytest.raises(ProcessLookupError):
        _wait_until_gone(int(pid_file.read_text()), threading.Event())


def test_a_program_gets_its_folder_environment_and_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Variables are added to ours, and a file can be the standard input.
    """
    monkeypatch.setenv("OURS", "kept")
    (tmp_path / "file").write_text("fed\n")
    command = sh(
        "cat; echo $OURS $MORE; pwd",
        env=(("MORE", "added"),),
        cwd=tmp_path,
        feed=tmp_path / "file",
    )

    assert ["fed", "kept added", str(tmp_path)] == SystemRunner().run(command).output.splitlines()


def test_a_log_keeps_what_earlier_programs_said(tmp_path: Path) -> None:
    """
    Programs that share a log write one after the other, and return nothing.
    """
    log = tmp_path / "log"

    outputs = [SystemRunner().run(sh(f"echo {n}", log=log)).output for n in (1, 2)]

    assert (["", ""], "1\n2\n") == (outputs, log.read_text())


def test_output_that_is_no_text_is_shown_as_far_as_it_is() -> None:
    """
    Bytes that are not UTF-8 do not hide the rest.
    """
    assert "a\N{REPLACEMENT CHARACTER}b" == SystemRunner().run(sh(r"printf 'a\377b'")).output


def test_a_long_command_is_shown_short() -> None:
    """
    The message names the program and its first arguments, without pages of them.
    """
    error = CommandError(("apt-get", *"12345678"), 100, "")

    assert "`apt-get 1 2 3 4 5 ...` failed with exit code 100." == error.message


def test_a_daemon_survives_a_stop(tmp_path: Path) -> None:
    """
    What is started as a daemon goes on when all that runs is ended, and writes to its log.
    """
    runner, log, tick = SystemRunner(), tmp_path / "log", threading.Event()
    pid = runner.start(sh("echo up; exec sleep 60", log=log))
    try:
        while not log.read_text():
            tick.wait(0.02)
        runner.stop()

        assert (0, 0) == os.waitpid(pid, os.WNOHANG)
        assert "up\n" == log.read_text()
    finally:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
