"""The supervisor owns processes; here they are plain ones of the system."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cluster.controlplane.errors import SupervisorError
from tests.e2e.cluster.controlplane.startup import log_tail
from tests.e2e.cluster.controlplane.supervision import Supervision
from tests.e2e.cluster.controlplane.waiting import wait_until

_SLEEP = ["sleep", "60"]


@pytest.fixture
def supervision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervision]:
    """A supervisor with its folder below the test's own."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    own = Supervision()
    yield own
    own.close()


def runs(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_closing_leaves_no_process_and_no_folder(supervision: Supervision) -> None:
    """
    After closing, the components, the supervisor and the folder are gone.
    """
    supervision.start("one", _SLEEP)
    supervision.start("two", _SLEEP)
    pids = [supervision.pid, *supervision.running().values()]
    assert supervision.folder.exists()

    supervision.close()

    assert [False] * 3 == [runs(pid) for pid in pids]
    assert not supervision.folder.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything(supervision: Supervision, number: signal.Signals) -> None:
    """
    SIGTERM and SIGINT end the components and remove the folder.
    """
    supervision.start("one", _SLEEP)
    pid = supervision.running()["one"]

    os.kill(supervision.pid, number)

    wait_until(lambda: not supervision.folder.exists(), "no folder", within_seconds=5)
    assert not runs(pid)


def test_a_paused_component_is_ended_as_well(supervision: Supervision) -> None:
    """
    A stopped process (SIGSTOP) does not outlive its supervisor.
    """
    supervision.start("one", _SLEEP)
    pid = supervision.running()["one"]
    supervision.signal("one", signal.SIGSTOP)

    supervision.close()

    assert not runs(pid)


def test_a_component_that_ends_is_reported_with_its_code(supervision: Supervision) -> None:
    """
    The exit code of a component that ended by itself is known, and its output is in its log.
    """
    supervision.start("one", ["sh", "-c", "echo broken >&2; exit 3"])

    wait_until(supervision.ended, "an end", within_seconds=5)

    assert {"one": 3} == supervision.ended()
    assert "broken" == log_tail(supervision.folder / "one.log")


def test_a_component_that_was_stopped_is_not_reported(supervision: Supervision) -> None:
    """
    Ending a component on purpose is no failure, and it can be started again.
    """
    supervision.start("one", _SLEEP)
    supervision.stop("one")
    assert ({}, {}) == (supervision.running(), supervision.ended())

    supervision.start("one", _SLEEP)

    assert ["one"] == list(supervision.running())


def test_a_component_gets_nothing_of_the_users_environment(
    supervision: Supervision, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A component sees PATH and its own HOME, not the user's kubeconfig or proxies.
    """
    monkeypatch.setenv("KUBECONFIG", "/mine")
    monkeypatch.delenv("PYTHONPATH", raising=False)  # is passed on, for checkouts side by side
    supervision.start("one", ["env"])
    wait_until(supervision.ended, "an end", within_seconds=5)

    names = {line.partition("=")[0] for line in log_tail(supervision.folder / "one.log").split()}

    assert {"HOME", "PATH"} <= names <= {"HOME", "PATH", "LC_CTYPE"}


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        pytest.param(["/no/such/program"], "No such file", id="missing-program"),
        pytest.param(_SLEEP, "runs already", id="running"),
    ],
)
def test_a_component_that_cannot_be_started_is_an_error(
    supervision: Supervision, argv: list[str], words: str
) -> None:
    """
    The supervisor refuses with the reason, and lives on.
    """
    supervision.start("running", _SLEEP)

    with pytest.raises(SupervisorError, match=words):
        supervision.start("running" if argv == _SLEEP else "other", argv)
    assert ["running"] == list(supervision.running())


def test_an_unknown_component_cannot_be_stopped(supervision: Supervision) -> None:
    """
    Stopping what was never started says so.
    """
    with pytest.raises(SupervisorError, match="nobody"):
        supervision.stop("nobody")


def test_a_killed_supervisor_leaves_no_component(supervision: Supervision) -> None:
    """
    SIGKILL of the supervisor kills the components, and closing removes its folder.
    """
    supervision.start("one", _SLEEP)
    pid = supervision.running()["one"]

    os.kill(supervision.pid, signal.SIGKILL)

    wait_until(lambda: not runs_now(pid), "no component", within_seconds=5)
    with pytest.raises(SupervisorError, match="supervisor"):
        supervision.running()
    supervision.close()
    assert not supervision.folder.exists()


def runs_now(pid: int) -> bool:
    """Whether *pid* runs; a zombie, which nobody but its new parent can bury, does not."""
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
