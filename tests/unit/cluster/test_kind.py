"""The kind cluster: created whole, removed whole."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.e2e.cluster import node_image
from tests.e2e.cluster.__main__ import main
from tests.e2e.cluster.docker import Docker
from tests.e2e.cluster.errors import CommandError, Interrupted
from tests.e2e.cluster.kind import Kind
from tests.e2e.cluster.process import Completed
from tests.e2e.cluster.wheels import platforms
from tests.unit.cluster.fake_runner import FakeRunner

NO_SUCH_CONTAINER = Completed(1, "No such object")


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


def test_an_interrupted_creation_leaves_nothing(runner: FakeRunner, cluster: Kind) -> None:
    """
    Ctrl-C while the cluster comes up removes it too.
    """

    def interrupted(_: object) -> Completed:
        raise Interrupted

    runner.answer("inspect", NO_SUCH_CONTAINER)
    runner.answer("kind create", interrupted)

    with pytest.raises(Interrupted):
        cluster.create("image", own_network=False)

    assert "/b/kind delete cluster --name c" in runner.ran[-2]
    assert runner.commands[-2].cleanup


def test_the_public_node_keeps_kinds_own_network(runner: FakeRunner, cluster: Kind) -> None:
    """
    Only our own node image brings a network of its own.
    """
    cluster.create("image", own_network=False)

    create = next(c for c in runner.commands if "create" in c.argv)
    assert "disableDefaultCNI" not in (create.stdin or "")
    assert "apiServerAddress: 127.0.0.1" in (create.stdin or "")


def test_a_container_that_kind_leaves_is_removed_by_docker(
    runner: FakeRunner, cluster: Kind
) -> None:
    """
    If the node is still there after kind's removal, Docker removes it with its volumes.
    """
    cluster.delete()

    assert "docker rm --force --volumes c-control-plane" == runner.ran[-1]
    assert runner.commands[-1].cleanup


def test_the_kubeconfig_is_never_the_users_own(cluster: Kind, tmp_path: Path) -> None:
    """
    It is kept with the cache, a folder for each cluster.
    """
    assert tmp_path / "clusters" / "c" / "kubeconfig" == cluster.kubeconfig


def test_images_are_loaded_into_this_cluster(runner: FakeRunner, cluster: Kind) -> None:
    """
    All images go in one command, from the daemon that the node is in.
    """
    cluster.load(("a:1", "b:1"))

    assert ["/b/kind load docker-image a:1 b:1 --name c"] == runner.ran
    assert ("DOCKER_HOST", "unix:///d.sock") in runner.commands[0].env


def test_kubectl_talks_to_this_cluster_and_its_words_are_kept(
    runner: FakeRunner, cluster: Kind
) -> None:
    """
    A failure of kubectl is shown as the user would type it, with what it said.
    """
    runner.answer("kubectl", Completed(1, "not found"))

    with pytest.raises(CommandError, match="`kubectl get pods` failed") as failure:
        cluster.do("get", "pods")

    assert ["not found"] == failure.value.tail()
    assert [f"/b/kubectl --kubeconfig {cluster.kubeconfig} get pods"] == runner.ran


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
    monkeypatch.setenv("PATH", os.environ["PATH"])  # the tool adds to it

    result = CliRunner().invoke(main, [command])

    assert 1 == result.exit_code
    assert "There is no kind cluster daskop." in result.output
    assert "make cluster-up" in result.output
