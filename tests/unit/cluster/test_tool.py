"""The commands: what each puts together, and what it says when it cannot."""

import os
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.e2e.cluster import host, tool
from tests.e2e.cluster.__main__ import main
from tests.e2e.cluster.cache import Cache
from tests.e2e.cluster.errors import ClusterError, CommandError, Interrupted
from tests.e2e.cluster.images import PROMETHEUS_IMAGE
from tests.e2e.cluster.kind import kubeconfig
from tests.e2e.cluster.process import Completed
from tests.e2e.cluster.progress import PlainReporter
from tests.e2e.cluster.tool import Tool
from tests.unit.cluster.fake_runner import FakeRunner, give_go


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> FakeRunner:
    """A machine with Go, room on its disk, and a Docker daemon that has every image."""
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(host, "check_disk", lambda *_: None)
    monkeypatch.setattr(tool, "registry_answers", lambda: True)
    runner = FakeRunner()
    give_go(runner)
    return runner


@pytest.fixture
def made(runner: FakeRunner, tmp_path: Path) -> Tool:
    return Tool(runner, Cache(tmp_path), PlainReporter(lambda _: None))


def kind_verbs(runner: FakeRunner) -> list[str]:
    """What kind was asked to do, in order."""
    return [c.argv[1] for c in runner.commands if c.argv[0].endswith("/kind")]


def a_kubeconfig(folder: Path) -> Path:
    path = kubeconfig(folder, "c")
    path.parent.mkdir(parents=True)
    path.write_text("")
    return path


def test_up_creates_what_is_not_there_and_loads_the_images(made: Tool, runner: FakeRunner) -> None:
    """
    From nothing, the cluster is created and gets the images; it stays up.
    """
    runner.answer("inspect --format {{.State.Running}}", Completed(1))
    runner.answer("inspect --format {{.Id}} c-control-plane", Completed(1))

    with made.up("c"):
        pass

    assert ["create", "load"] == kind_verbs(runner)


@pytest.mark.parametrize(("fresh", "verbs"), [(False, []), (True, ["delete", "create"])])
def test_up_keeps_a_cluster_that_lives(
    made: Tool, runner: FakeRunner, fresh: bool, verbs: list[str]
) -> None:
    """
    A living cluster only gets the newest images, unless a fresh one is asked for.
    """
    runner.answer("inspect --format {{.State.Running}}", Completed(0, "true\n"))
    a_kubeconfig(made.cache.root)

    with made.up("c", fresh=fresh):
        pass

    assert [*verbs, "load"] == kind_verbs(runner)


def test_without_a_registry_the_node_is_our_own(
    made: Tool, runner: FakeRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Offline, the steps fit together too, and the node's image is one that we build.
    """
    monkeypatch.setattr(tool, "registry_answers", lambda: False)

    with made.docker() as docker:
        image = made.build(docker)

    assert image.startswith("daskop.local/node:")
    assert not [line for line in runner.ran if " pull " in line]


@pytest.mark.parametrize("connected", [True, False])
def test_only_the_tests_need_prometheus(
    made: Tool, runner: FakeRunner, monkeypatch: pytest.MonkeyPatch, connected: bool
) -> None:
    """
    What is built for the tests holds Prometheus; a cluster does without it.
    """
    monkeypatch.setattr(tool, "registry_answers", lambda: connected)

    def tagged(*, for_tests: bool) -> bool:
        runner.ran.clear()
        with made.docker() as docker:
            made.build(docker, for_tests=for_tests)
        return any(line.endswith(f" {PROMETHEUS_IMAGE}") for line in runner.ran)

    assert tagged(for_tests=True)
    assert not tagged(for_tests=False)


def test_a_running_cluster_is_asked_for_before_anything_is_started(
    made: Tool, runner: FakeRunner
) -> None:
    """
    Without a kubeconfig no daemon is looked for.
    """
    with pytest.raises(ClusterError, match=r"no kind cluster c\.") as failure, made.running("c"):
        pass

    assert ("Start it: make cluster-up", []) == (failure.value.hint, runner.ran)


def test_a_dead_cluster_is_no_running_one(made: Tool, runner: FakeRunner) -> None:
    """
    A node that has stopped is as good as none.
    """
    a_kubeconfig(made.cache.root)
    runner.answer("inspect --format {{.State.Running}}", Completed(0, "false\n"))

    with pytest.raises(ClusterError, match=r"no kind cluster c\."), made.running("c"):
        pass


def test_down_removes_the_cluster(made: Tool, runner: FakeRunner) -> None:
    """
    The node goes, with its kubeconfig, and nothing is built in order to remove it.
    """
    path = a_kubeconfig(made.cache.root)

    made.down("c")

    assert "docker rm --force --volumes c-control-plane" in runner.ran
    assert ([], False) == ([line for line in runner.ran if line.startswith("go ")], path.exists())


def test_down_without_a_daemon_forgets_the_kubeconfig(made: Tool, runner: FakeRunner) -> None:
    """
    Without a daemon there is no cluster, and neither Docker nor a compiler is started.
    """
    path = a_kubeconfig(made.cache.root)
    runner.answer("docker info", Completed(1))

    made.down("c")

    assert ([], False) == (runner.started, path.exists())
    assert {"info"} == {command.argv[1] for command in runner.commands}


def test_go_is_missed_before_docker_is_looked_for(made: Tool, tmp_path: Path) -> None:
    """
    A machine without a fitting Go is told so before Docker is installed in vain.
    """
    runner = FakeRunner()
    runner.answer("go env", Completed(0, "go1.1\nlinux\namd64\n"))

    with (
        pytest.raises(ClusterError, match="Go is too old"),
        Tool(runner, Cache(tmp_path), made.reporter).docker(),
    ):
        pass

    assert ["go env GOVERSION GOOS GOARCH"] == runner.ran


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_what_runs(made: Tool, runner: FakeRunner, number: signal.Signals) -> None:
    """
    Ctrl-C and SIGTERM stop the runner and interrupt; afterwards the handlers are the old ones.
    """
    before = signal.getsignal(number)

    with pytest.raises(Interrupted), made.interruptible():
        os.kill(os.getpid(), number)

    assert (True, before) == (runner.stopped, signal.getsignal(number))


@pytest.fixture
def cache_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache and a PATH of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "daskop"


@pytest.mark.usefixtures("cache_home")
def test_an_error_is_a_sentence_and_a_hint() -> None:
    """
    Without Go the command ends with exit code 1, two lines, and no traceback.
    """
    result = CliRunner().invoke(main, ["build"])

    assert 1 == result.exit_code
    first, second = result.output.splitlines()
    assert "Error: Go is not installed, and Kubernetes is built with it." == first
    assert second.startswith("Install Go ")


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        pytest.param(Interrupted(), 130, ["Stopped."], id="interrupted"),
        pytest.param(
            CommandError(("kind", "create"), 2, "1\n2\n", "Look there."),
            1,
            ["1", "2", "Error: `kind create` failed with exit code 2.", "Look there."],
            id="program failed",
        ),
        pytest.param(ClusterError("Broken."), 1, ["Error: Broken."], id="no hint"),
    ],
)
def test_each_end_has_its_exit_code(
    error: BaseException, code: int, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A stop is no error, and a program that failed has the last word before the sentence.
    """

    def fail() -> Tool:
        raise error

    monkeypatch.setattr(Tool, "make", fail)

    result = CliRunner().invoke(main, ["build"])

    assert (code, lines) == (result.exit_code, result.output.splitlines())


def test_the_path_of_a_kubeconfig_is_printed_alone(cache_home: Path) -> None:
    """
    The output is fit for `export KUBECONFIG=$(...)`.
    """
    path = a_kubeconfig(cache_home)

    result = CliRunner().invoke(main, ["kubeconfig", "--name", "c"])

    assert (0, f"{path}\n") == (result.exit_code, result.output)
