"""What the machine has: disk, Go, a registry, a Docker daemon."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.e2e.cluster import golang, host
from tests.e2e.cluster.cache import Cache
from tests.e2e.cluster.daemon import SOCKET, Daemon, read_pid, stop_pid
from tests.e2e.cluster.errors import ClusterError, CommandError
from tests.e2e.cluster.process import Completed
from tests.e2e.cluster.progress import PlainReporter
from tests.e2e.cluster.registry import registry_answers
from tests.e2e.cluster.retry import retried
from tests.unit.cluster.fake_runner import FakeRunner

GO_MOD = "module m\n\ngo 1.25.0\n\nrequire k8s.io/kubernetes v1.34.4\n"


def a_module(folder: Path) -> Path:
    (folder / "go.mod").write_text(GO_MOD)
    return folder


def a_daemon(runner: FakeRunner, folder: Path) -> Daemon:
    return Daemon(runner, Cache(folder), PlainReporter(lambda _: None))


def test_a_full_disk_is_said_before_work_begins(tmp_path: Path) -> None:
    """
    The message has what is needed and what is free, for a folder that does not exist yet too.
    """
    with pytest.raises(ClusterError, match=r"12\.0 GiB are needed .* 1\.5 GiB are free"):
        host.check_disk(tmp_path / "new", 12 * host.GIB, int(1.5 * host.GIB))


@pytest.mark.parametrize(
    ("bounding", "lacks"), [("000001fffeffffff", True), ("000001ffffffffff", False)]
)
def test_the_bounding_set_is_read(tmp_path: Path, bounding: str, lacks: bool) -> None:
    """
    CAP_SYS_RESOURCE is bit 24 of the bounding set.
    """
    status = tmp_path / "status"
    status.write_text(f"Name:\tx\nCapBnd:\t{bounding}\n")

    assert lacks is host.lacks_sys_resource(status)


def test_a_go_that_fits_is_taken(tmp_path: Path) -> None:
    """
    Version and platform come from the user's own Go.
    """
    runner = FakeRunner()
    runner.answer("go env", Completed(0, "go1.26.8\nlinux\namd64\n"))

    found = golang.toolchain(runner, a_module(tmp_path))

    assert golang.Toolchain("go1.26.8", "linux/amd64") == found


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Completed(0, "go1.19.8\nlinux\namd64\n"), id="answers"),
        pytest.param(
            Completed(1, "go.mod requires go >= 1.25.0 (running go 1.22.1)"), id="refuses"
        ),
    ],
)
def test_an_old_go_is_named(tmp_path: Path, answer: Completed) -> None:
    """
    The message says what is needed and what is there, and the hint what to do.
    """
    runner = FakeRunner()
    runner.answer("go env", answer)

    with pytest.raises(ClusterError, match=r"1\.25\.0 is needed, this is go ?1") as failure:
        golang.toolchain(runner, a_module(tmp_path))

    assert "PATH" in failure.value.hint


def test_a_port_where_nothing_listens_is_no_registry() -> None:
    """
    The probe gives up at once where nobody answers.
    """
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))

        assert not registry_answers("127.0.0.1", taken.getsockname()[1])


def test_a_download_is_tried_three_times() -> None:
    """
    A command that the network broke is repeated after pauses, and its last error is raised.
    """
    tries, pauses = list[int](), list[float]()

    def attempt() -> None:
        tries.append(1)
        raise CommandError(("curl",), 7, "no route")

    with pytest.raises(CommandError):
        retried(attempt, pauses.append)

    assert (3, [2.0, 8.0]) == (len(tries), pauses)


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


@pytest.mark.usefixtures("client")
def test_our_daemon_is_swept_before_it_ends(tmp_path: Path) -> None:
    """
    Containers that an interrupted build left are removed, while those of clusters stay.
    """
    runner = FakeRunner()
    answers = iter([Completed(1), Completed(0)])
    runner.answer("docker info", lambda _: next(answers))

    with a_daemon(runner, tmp_path).docker() as docker:
        assert docker is not None
        assert f"unix://{SOCKET}" == docker.host

    assert "docker container prune --force --filter label!=io.x-k8s.kind.cluster" == runner.ran[-1]


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
