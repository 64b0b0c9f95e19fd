"""The kind cluster: one node, a kubeconfig of its own, images loaded from the local daemon."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.cluster.docker import Docker
from tests.e2e.cluster.errors import CommandError
from tests.e2e.cluster.process import Command, Completed, Runner, checked

READY = "120s"

OWN_NETWORK = """\
  disableDefaultCNI: true
"""
"""Our node image has Debian's bridge plugin, which is enough for one node."""

CONFIG = """\
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
networking:
  apiServerAddress: 127.0.0.1
{network}nodes:
- role: control-plane
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """
    A cluster by name, there or not.

    Attributes:
        docker: The daemon that its node is a container of.
        folder: Where its kubeconfig is kept.
        kind: Path of kind.
        kubectl: Path of kubectl.
    """

    name: str
    docker: Docker
    runner: Runner
    folder: Path
    kind: Path
    kubectl: Path

    @property
    def node(self) -> str:
        """Name of the node's container."""
        return node_name(self.name)

    @property
    def kubeconfig(self) -> Path:
        """Where the cluster's own kubeconfig is, if the cluster is there."""
        return kubeconfig(self.folder, self.name)

    def alive(self) -> bool:
        """Whether the node runs and its API server says that it is ready."""
        state = self.docker.ask("inspect", "--format", "{{.State.Running}}", self.node)
        if not state.ok or state.output.strip() != "true" or not self.kubeconfig.exists():
            return False
        return self.ask("get", "--raw", "/readyz", "--request-timeout=5s").ok

    def exists(self) -> bool:
        """Whether there is a container of the node, dead or alive."""
        return self.docker.ask("inspect", "--format", "{{.Id}}", self.node).ok

    def create(self, image: str, *, own_network: bool) -> None:
        """
        Create the cluster; what is left of a dead one goes first.

        Raises:
            ClusterError: If it does not become ready; nothing of it is left then.
        """
        if self.exists():
            self.delete()
        self.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
        config = CONFIG.format(network=OWN_NETWORK if own_network else "")
        argv = (
            str(self.kind), "create", "cluster", "--name", self.name, "--image", image,
            "--config", "-", "--kubeconfig", str(self.kubeconfig), "--wait", READY,
        )  # fmt: skip
        command = Command(argv, env=self.docker.env, stdin=config)
        try:
            checked(self.runner, command, "Is something else using the ports of the cluster?")
        except BaseException:
            self.delete()
            raise

    def delete(self) -> None:
        """Remove the cluster, and its kubeconfig, if they are there."""
        argv = (str(self.kind), "delete", "cluster", "--name", self.name)
        user = ("--kubeconfig", str(self.kubeconfig))
        self.runner.run(Command((*argv, *user), env=self.docker.env, cleanup=True))
        if self.exists():
            self.docker.clean("rm", "--force", "--volumes", self.node)
        self.kubeconfig.unlink(missing_ok=True)

    def load(self, images: Iterable[str]) -> None:
        """Give the node what it does not have of *images*; kind compares their ids."""
        argv = (str(self.kind), "load", "docker-image", *images, "--name", self.name)
        checked(self.runner, Command(argv, env=self.docker.env))

    def ask(self, *arguments: str, stdin: str | None = None) -> Completed:
        """Run kubectl, whatever comes of it."""
        argv = (str(self.kubectl), "--kubeconfig", str(self.kubeconfig), *arguments)
        return self.runner.run(Command(argv, stdin=stdin))

    def do(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl; an error is raised."""
        done = self.ask(*arguments, stdin=stdin)
        if not done.ok:
            raise CommandError(("kubectl", *arguments), done.code, done.output)
        return done.output


def node_name(cluster: str) -> str:
    """Name of the container that is the node of *cluster*, as kind gives it."""
    return f"{cluster}-control-plane"


def kubeconfig(folder: Path, name: str) -> Path:
    """Where the kubeconfig of the cluster *name* is kept; never among the user's own."""
    return folder / "clusters" / name / "kubeconfig"
