"""A Docker daemon of our own: started when needed, stopped by its last user."""

import fcntl
import os
from pathlib import Path

import pytest

from tests.e2e.cluster import daemon, host
from tests.e2e.cluster.cache import Cache
from tests.e2e.cluster.daemon import PACKAGES, RUNTIME, Daemon
from tests.e2e.cluster.errors import ClusterError, Interrupted
from tests.e2e.cluster.process import Command, Completed
from tests.e2e.cluster.progress import PlainReporter
from tests.unit.cluster.fake_runner import FakeRunner


class Machine:
    """
    A Debian machine of which we are root.

    Attributes:
        programs: What is installed.
        stopped: Process ids that were asked to end.
    """

    def __init__(self, runner: FakeRunner, folder: Path) -> None:
        self.runner = runner
        self.folder = folder
        self.programs = {"docker", "dockerd"}
        self.stopped: list[int | None] = []
        self.system_daemon = False
        runner.answer("docker info", self._info)

    def _info(self, command: Command) -> Completed:
        ours = any(name == "DOCKER_HOST" for name, _ in command.env)
        answers = bool(self.runner.started) if ours else self.system_daemon
        return Completed(0 if answers else 1)

    def which(self, name: str) -> str | None:
        return f"/usr/bin/{name}" if name in self.programs else None

    def stop(self, pid: int | None, _pause: object) -> None:
        self.stopped.append(pid)

    def daemon(self) -> Daemon:
        return Daemon(self.runner, Cache(self.folder / "cache"), PlainReporter(lambda _: None))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    run = tmp_path / "run"
    monkeypatch.setattr(daemon, "RUN", run)
    monkeypatch.setattr(daemon, "SOCKET", run / "docker.sock")
    monkeypatch.setattr(daemon, "PIDFILE", run / "docker.pid")
    monkeypatch.setattr(daemon, "WRAPPER", run / "runc-within-bounds")
    for name in ("is_root", "has_apt"):
        monkeypatch.setattr(host, name, lambda: True)
    monkeypatch.setattr(host, "lacks_sys_resource", lambda: False)
    machine = Machine(FakeRunner(), tmp_path)
    monkeypatch.setattr("shutil.which", machine.which)
    monkeypatch.setattr(daemon, "stop_pid", machine.stop)
    run.mkdir()
    (run / "docker.pid").write_text("42\n")
    return machine


def test_ours_keeps_apart_and_ends_with_its_last_user(machine: Machine) -> None:
    """
    Our daemon has its own socket, data and pid file, and is stopped when its only user is done.
    """
    with machine.daemon().docker() as docker:
        assert docker is not None
        assert f"unix://{machine.folder}/run/docker.sock" == docker.host
        assert [] == machine.stopped

    (line,) = machine.runner.started
    assert f"--data-root={machine.folder}/cache/docker" in line
    assert f"--pidfile={machine.folder}/run/docker.pid" in line
    assert RUNTIME not in line
    assert [42] == machine.stopped


def test_ours_is_stopped_after_a_failure_too(machine: Machine) -> None:
    """
    An error of its user does not keep the daemon alive.
    """
    with pytest.raises(RuntimeError), machine.daemon().docker():
        raise RuntimeError

    assert [42] == machine.stopped


def test_ours_stays_while_a_cluster_runs(machine: Machine) -> None:
    """
    A cluster of ours outlives the command that started it.
    """
    machine.runner.answer("docker ps", Completed(0, "f00d\n"))

    with machine.daemon().docker():
        pass

    assert [] == machine.stopped


def test_ours_stays_if_it_does_not_say_what_runs(machine: Machine) -> None:
    """
    A daemon that cannot list its containers is not stopped on a guess.
    """
    machine.runner.answer("docker ps", Completed(1))

    with machine.daemon().docker():
        pass

    assert [] == machine.stopped


def test_ours_stays_while_another_process_uses_it(machine: Machine) -> None:
    """
    Whoever is not the last user leaves the daemon alone.
    """
    locks = machine.folder / "cache" / "locks"
    locks.mkdir(parents=True)
    with (locks / "dockerd").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        with machine.daemon().docker():
            pass

    assert [] == machine.stopped


def test_ours_that_runs_already_is_joined(machine: Machine) -> None:
    """
    The second command uses the daemon that the first one started.
    """
    with machine.daemon().docker(), machine.daemon().docker() as docker:
        assert docker is not None
        assert f"unix://{machine.folder}/run/docker.sock" == docker.host

    assert 1 == len(machine.runner.started)
    assert [42] == machine.stopped


def test_a_daemon_of_ours_is_found_by_who_only_cleans_up(machine: Machine) -> None:
    """
    Without starting anything, a daemon of ours that runs is used.
    """
    machine.runner.started.append("dockerd")

    with machine.daemon().docker(start=False) as docker:
        assert docker is not None


def test_docker_is_installed_where_it_is_missing(machine: Machine) -> None:
    """
    Root on Debian gets Docker, and its client where that is a package of its own.
    """
    machine.programs.clear()

    def install(command: Command) -> Completed:
        machine.programs |= {"dockerd"} if "docker.io" in command.argv else {"docker"}
        return Completed(0)

    machine.runner.answer("apt-get install", install)
    with machine.daemon().docker():
        pass

    installed = [line.split()[5:] for line in machine.runner.ran if "apt-get install" in line]
    assert [list(PACKAGES), ["docker-cli"]] == installed


def test_a_daemon_that_the_installation_started_is_not_ours(machine: Machine) -> None:
    """
    Where the package starts Docker by itself, that daemon is used and left running.
    """
    machine.programs.clear()

    def install(_: Command) -> Completed:
        machine.programs |= {"docker", "dockerd"}
        machine.system_daemon = True
        return Completed(0)

    machine.runner.answer("apt-get install", install)
    with machine.daemon().docker() as docker:
        assert docker is not None
        assert docker.host is None

    assert ([], []) == (machine.runner.started, machine.stopped)


def test_without_the_capability_containers_start_within_bounds(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A kernel that cannot grant CAP_SYS_RESOURCE gets a runtime that does not ask for it.
    """
    monkeypatch.setattr(host, "lacks_sys_resource", lambda: True)

    with machine.daemon().docker():
        pass

    wrapper = machine.folder / "run" / "runc-within-bounds"
    assert f"--default-runtime={RUNTIME}" in machine.runner.started[0]
    assert f"--add-runtime={RUNTIME}={wrapper}" in machine.runner.started[0]
    assert os.access(wrapper, os.X_OK)
    assert wrapper.read_text().startswith("#!/")


def test_a_daemon_that_does_not_come_up_is_ended_and_explained(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The end of the daemon's log is in the message, its place in the hint, and no process stays.
    """
    monkeypatch.setattr(daemon, "START_SECONDS", 0.0)
    client = FakeRunner()
    client.answer("docker info", Completed(1))
    machine.runner = client

    with (
        pytest.raises(ClusterError, match="did not answer within 0 s") as failure,
        machine.daemon().docker(),
    ):
        pass

    assert "dockerd.log" in failure.value.hint
    assert [1] == machine.stopped  # the process that was started: its pid file may not be there


def test_a_start_that_is_interrupted_leaves_no_daemon(machine: Machine) -> None:
    """
    Ctrl-C while the daemon comes up ends the process that was started.
    """
    client = FakeRunner()

    def answer(_: Command) -> Completed:
        if client.started:
            raise Interrupted
        return Completed(1)

    client.answer("docker info", answer)
    machine.runner = client

    with pytest.raises(Interrupted), machine.daemon().docker():
        pass

    assert [1] == machine.stopped


def test_ours_is_swept_before_it_ends(machine: Machine) -> None:
    """
    Containers that an interrupted build left are removed, while those of clusters stay.
    """
    with machine.daemon().docker():
        pass

    sweep = "docker container prune --force --filter label!=io.x-k8s.kind.cluster"
    assert (sweep, [42]) == (machine.runner.ran[-1], machine.stopped)
