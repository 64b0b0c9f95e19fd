"""The kind cluster and what runs in it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.e2e.cluster import demo, node_image, operator
from tests.e2e.cluster.__main__ import main
from tests.e2e.cluster.docker import Docker
from tests.e2e.cluster.errors import ClusterError, CommandError
from tests.e2e.cluster.kind import Kind
from tests.e2e.cluster.process import Completed
from tests.e2e.cluster.progress import PlainReporter
from tests.e2e.cluster.wheels import platforms
from tests.unit.cluster.fake_runner import FakeRunner

NO_SUCH_CONTAINER = Completed(1, "No such object")


@pytest.fixture
def runner() -> FakeRunner:
    return FakeRunner()


@pytest.fixture
def cluster(runner: FakeRunner, tmp_path: Path) -> Kind:
    docker = Docker(runner, "unix:///d.sock")
    return Kind("c", docker, runner, tmp_path, Path("/b/kind"), Path("/b/kubectl"))


def with_kubeconfig(cluster: Kind) -> Kind:
    cluster.kubeconfig.parent.mkdir(parents=True)
    cluster.kubeconfig.write_text("")
    return cluster


def test_a_cluster_lives_if_node_and_server_answer(runner: FakeRunner, cluster: Kind) -> None:
    """
    A running node with a server that is ready is alive.
    """
    runner.answer("State.Running", Completed(0, "true\n"))

    assert with_kubeconfig(cluster).alive()


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        pytest.param("State.Running", NO_SUCH_CONTAINER, id="no container"),
        pytest.param("State.Running", Completed(0, "false\n"), id="container of yesterday"),
        pytest.param("--raw /readyz", Completed(1), id="server does not answer"),
    ],
)
def test_a_dead_cluster_is_noticed(
    runner: FakeRunner, cluster: Kind, words: str, answer: Completed
) -> None:
    """
    A node that is gone, stopped or silent is not taken for a cluster.
    """
    runner.answer(words, answer)
    runner.answer("State.Running", Completed(0, "true\n"))

    assert not with_kubeconfig(cluster).alive()


def test_what_is_left_of_a_dead_cluster_goes_first(runner: FakeRunner, cluster: Kind) -> None:
    """
    Creating over a dead container deletes it, and gives kind its own kubeconfig and daemon.
    """
    cluster.create("image", own_network=True)

    verbs = [line.split()[1] for line in runner.ran if line.startswith("/b/kind")]
    create = next(c for c in runner.commands if "create" in c.argv)
    assert ["delete", "create"] == verbs
    assert str(cluster.kubeconfig) in create.argv
    assert ("DOCKER_HOST", "unix:///d.sock") in create.env
    assert "disableDefaultCNI: true" in (create.stdin or "")


def test_a_cluster_that_does_not_come_up_is_removed(runner: FakeRunner, cluster: Kind) -> None:
    """
    A failed creation leaves no container and no kubeconfig.
    """
    runner.answer("inspect", NO_SUCH_CONTAINER)
    runner.answer("kind create", Completed(1, "port is already allocated"))

    with pytest.raises(CommandError):
        cluster.create("image", own_network=False)

    assert runner.ran[-2].startswith("/b/kind delete cluster --name c")
    assert not cluster.kubeconfig.exists()


def test_removing_nothing_is_fine(runner: FakeRunner, cluster: Kind) -> None:
    """
    Deleting a cluster that is not there raises nothing, and is a command that cleans up.
    """
    runner.answer("inspect", NO_SUCH_CONTAINER)

    cluster.delete()

    assert runner.commands[0].cleanup


def test_a_container_to_work_in_is_removed_after_a_failure(runner: FakeRunner) -> None:
    """
    Whatever happens in it, the container goes.
    """
    with pytest.raises(RuntimeError), Docker(runner).container("x", "image"):
        raise RuntimeError

    assert "docker rm --force x" == runner.ran[-1]


def test_the_operator_is_installed_in_order(runner: FakeRunner, cluster: Kind) -> None:
    """
    CRDs are established before the operator starts, and a new image starts a new Pod.
    """
    runner.answer("image inspect", Completed(0, "sha256:1\n"))
    template = "spec: {template: {metadata: {}}}"
    runner.answer(
        "kustomize", Completed(0, f"kind: Namespace\n---\nkind: Deployment\n{template}\n")
    )

    operator.deploy(cluster)

    steps = ["apply -f", "wait --for=condition=Established", "apply -f -", "rollout status"]
    found = [next(i for i, line in enumerate(runner.ran) if step in line) for step in steps]
    applied = next(command.stdin for command in runner.commands if command.argv[-1] == "-")
    assert sorted(found) == found
    assert "sha256:1" in (applied or "")


def answering(runner: FakeRunner, total: int) -> None:
    answer = json.dumps({"total": total, "workers": ["w1", "w2"]})
    runner.answer("exec --stdin", Completed(0, f"a warning\n{answer}\n"))


def test_the_demo_shows_answer_and_workers(runner: FakeRunner, cluster: Kind) -> None:
    """
    The right answer is shown with who computed it, and with commands to try.
    """
    shown: list[str] = []
    answering(runner, demo.EXPECTED)

    demo.run_demo(cluster, PlainReporter(lambda _: None), shown.append)

    text = "\n".join(shown)
    assert "332833500" in text
    assert "w1" in text
    assert f"export KUBECONFIG={cluster.kubeconfig}" in text


def test_a_wrong_answer_fails_the_demo(runner: FakeRunner, cluster: Kind) -> None:
    """
    An answer that is not right is an error.
    """
    answering(runner, 1)

    with pytest.raises(ClusterError, match="should be 332833500"):
        demo.run_demo(cluster, PlainReporter(lambda _: None), lambda _: None)


def test_a_demo_that_fails_shows_what_to_look_at(runner: FakeRunner, cluster: Kind) -> None:
    """
    When the cluster does not become ready its objects and the operator's log are shown.
    """
    shown: list[str] = []
    runner.answer("wait --for=condition=Ready", Completed(1, "timed out"))
    runner.answer("logs", Completed(0, "the operator's last words"))

    with pytest.raises(ClusterError) as failure:
        demo.run_demo(cluster, PlainReporter(lambda _: None), shown.append)

    assert "timed out" in failure.value.hint
    assert "the operator's last words" in shown[0]


@pytest.mark.parametrize(
    ("image", "target"),
    [
        ("registry.k8s.io/coredns/coredns:v1.12.1", "coredns"),
        ("registry.k8s.io/pause:3.10", "pause"),
        ("registry.k8s.io/etcd:3.6.5-0", "kube"),
    ],
)
def test_each_image_of_the_control_plane_has_its_stand_in(image: str, target: str) -> None:
    """
    CoreDNS and pause have images of their own, one serves all other components.
    """
    assert target == node_image._target(image)  # noqa: SLF001 - the table is the point


def test_wheels_for_the_base_image_are_asked_for_newest_first() -> None:
    """
    The tags go from the base image's glibc down to the oldest that still works.
    """
    tags = platforms("x86_64")

    assert ("manylinux_2_36_x86_64", "manylinux2014_x86_64") == (tags[0], tags[-1])


@pytest.mark.parametrize("command", ["kubeconfig", "deploy", "undeploy"])
def test_a_cluster_that_is_not_there_is_explained(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Commands that need a cluster say that there is none and how to start one.
    """
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    result = CliRunner().invoke(main, [command])

    assert 1 == result.exit_code
    assert "There is no kind cluster daskop." in result.output
    assert "make cluster-up" in result.output
