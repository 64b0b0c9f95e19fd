"""Which Docker daemon is used, and how one is ended."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.e2e.cluster import daemon, host
from tests.e2e.cluster.cache import Cache
from tests.e2e.cluster.daemon import Daemon, read_pid, stop_pid
from tests.e2e.cluster.errors import ClusterError
from tests.e2e.cluster.process import Completed
from tests.e2e.cluster.progress import PlainReporter
from tests.unit.cluster.fake_runner import FakeRunner


def a_daemon(runner: FakeRunner, folder: Path) -> Daemon:
    return Daemon(runner, Cache(folder), PlainReporter(lambda _: None))


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has the Docker client, and no daemon of its own."""
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")


@pytest.mark.usefixtures("client")
def test_a_daemon_that_answers_is_used_as_it_is(tmp_path: Path) -> None:
    """
    Somebody else's daemon is neither started, nor stopped, nor given another address.
    """
    runner = FakeRunner()

    with a_daemon(runner, tmp_path).docker() as docker:
        assert docker is not None
        assert docker.host is None

    assert [] == runner.started


@pytest.mark.usefixtures("client")
def test_without_docker_and_rights_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    An ordinary user without a daemon is told what to do.
    """
    runner = FakeRunner()
    runner.answer("docker info", Completed(1))
    monkeypatch.setattr(host, "is_root", lambda: False)

    with (
        pytest.raises(ClusterError, match="No Docker daemon answers") as failure,
        a_daemon(runner, tmp_path).docker(),
    ):
        pass

    assert "systemctl start docker" in failure.value.hint


@pytest.mark.usefixtures("client")
def test_no_daemon_is_no_error_for_who_only_cleans_up(tmp_path: Path) -> None:
    """
    Removing a cluster does not start a daemon.
    """
    runner = FakeRunner()
    runner.answer("docker info", Completed(1))

    with a_daemon(runner, tmp_path).docker(start=False) as docker:
        assert docker is None

    assert [] == runner.started


def test_a_daemon_is_ended_by_its_pid() -> None:
    """
    The process is asked to end, and waited for.
    """
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        stop_pid(child.pid, threading.Event().wait)
        child.returncode = -15  # it was waited for by its id

        assert not Path(f"/proc/{child.pid}/exe").exists()


def test_a_broken_pid_file_names_nobody(tmp_path: Path) -> None:
    """
    A pid file that is missing or makes no sense ends no process.
    """
    (tmp_path / "pid").write_text("nonsense")

    assert (None, None) == (read_pid(tmp_path / "none"), read_pid(tmp_path / "pid"))


def test_a_daemon_that_does_not_go_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A process that ignores the request is ended all the same.
    """
    monkeypatch.setattr(daemon, "STOP_SECONDS", 0.0)
    script = "trap '' TERM; echo; exec sleep 60"
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()

        stop_pid(child.pid, threading.Event().wait)

        assert -signal.SIGKILL == child.wait()


def test_a_daemon_that_is_gone_is_fine() -> None:
    """
    Nobody, and somebody who has ended, need no ending.
    """
    with subprocess.Popen(["true"]) as child:
        child.wait()

    stop_pid(None, threading.Event().wait)
    stop_pid(child.pid, threading.Event().wait)
