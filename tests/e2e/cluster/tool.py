"""The commands as functions: what each of them puts together."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from tests.e2e.cluster import debian, golang, host, operator
from tests.e2e.cluster.binaries import (
    BUILD_FREE_BYTES,
    CLUSTER_FREE_BYTES,
    COREDNS,
    CRICTL,
    HELM_PROGRAM,
    KIND,
    KUBERNETES,
    KWOK_PROGRAM,
    LOCALKUBE,
    PAUSE,
    binary,
)
from tests.e2e.cluster.cache import Cache
from tests.e2e.cluster.daemon import Daemon
from tests.e2e.cluster.docker import Docker
from tests.e2e.cluster.errors import ClusterError, Interrupted
from tests.e2e.cluster.graph import Step, run_steps
from tests.e2e.cluster.images import (
    DASK_IMAGE,
    OPERATOR_IMAGE,
    dask_image,
    operator_image,
    prometheus_image,
)
from tests.e2e.cluster.kind import Kind, kubeconfig, node_name
from tests.e2e.cluster.node_image import PUBLIC_NODE, node_image
from tests.e2e.cluster.process import Runner, SystemRunner
from tests.e2e.cluster.progress import Reporter, reporter
from tests.e2e.cluster.registry import registry_answers
from tests.e2e.cluster.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Tool:
    """Everything that the commands share."""

    runner: Runner
    cache: Cache
    reporter: Reporter

    @classmethod
    def make(cls, shown: Reporter | None = None) -> "Tool":
        """Put together a tool for this machine that shows its steps by *shown*."""
        host.reach_system_programs()
        shown = shown or reporter()
        tool = cls(SystemRunner(), Cache(say=shown.say), shown)
        tool.cache.root.mkdir(parents=True, exist_ok=True)
        return tool

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let Ctrl-C and SIGTERM end what runs and undo what is half done; nothing else can."""

        def stop(_number: int, _frame: object) -> None:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            self.runner.stop()
            raise Interrupted

        old = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)

    def build(self, docker: Docker, *, for_tests: bool = False) -> str:
        """
        Build all that is missing, side by side as far as it goes; return the node's image.

        Args:
            docker: The daemon to build in.
            for_tests: Also what no cluster needs, but the tests do.
        """
        self.cache.sweep()
        with self.reporter.step("look for a container registry"):
            shop = Workshop(docker, self.runner, self.cache, registry_answers())
        nodes: list[str] = []
        steps = self._steps(shop, nodes) + (_for_tests(shop) if for_tests else [])
        run_steps(steps, self.runner, self.reporter)
        return nodes[0]

    def _steps(self, shop: Workshop, nodes: list[str]) -> list[Step]:
        """The compiler on one lane, Debian's packages and Docker on the others."""
        steps: list[Step] = []
        for program in (LOCALKUBE, COREDNS, PAUSE, KIND, CRICTL, KWOK_PROGRAM):
            # One after the other: each uses all cores, and they share a good part of their code.
            after = (steps[-1].name,) if steps else ()
            steps.append(Step(f"build {program.name}", partial(shop.program, program), after))
        python: tuple[str, ...] = ()
        runtime: tuple[str, ...] = ()
        node: tuple[str, ...] = (f"build {CRICTL.name}",)
        if not shop.public:
            provide = partial(debian.provide_tools, self.runner, self.cache)
            steps.append(Step("install mmdebstrap", provide))
            for base in (debian.PYTHON, debian.RUNTIME, debian.NODE, debian.KUBE):
                make = partial(shop.imported, base)
                steps.append(Step(f"{base.name} file system", make, ("install mmdebstrap",)))
            python = ("python file system",)
            runtime = ("runtime file system",)
            node = (*node, "node file system", "kube file system")
        return [
            *steps,
            Step("Dask image", partial(dask_image, shop), python),
            Step("operator image", partial(operator_image, shop), (*python, *runtime)),
            Step("node image", lambda: nodes.append(node_image(shop)), node),
        ]

    def kind(self, name: str, docker: Docker) -> Kind:
        """Return the handle of a cluster."""
        kubectl = binary(LOCALKUBE, self.runner, self.cache).with_name("kubectl")
        program = binary(KIND, self.runner, self.cache)
        return Kind(name, docker, self.runner, self.cache.root, program, kubectl)

    @contextmanager
    def docker(self) -> Iterator[Docker]:
        """Give a Docker daemon; ours is stopped when nobody needs it any more."""
        golang.toolchain(self.runner, KUBERNETES)  # before Docker is installed in vain
        built = any(self.cache.root.glob(f"{LOCALKUBE.name}-*"))
        host.check_disk(self.cache.root, CLUSTER_FREE_BYTES if built else BUILD_FREE_BYTES)
        with Daemon(self.runner, self.cache, self.reporter).docker() as docker:
            if docker is None:
                raise ClusterError("No Docker daemon answers.")
            yield docker

    @contextmanager
    def up(self, name: str, *, fresh: bool = False) -> Iterator[Kind]:
        """
        Give a running cluster with the images loaded; it stays up afterwards.

        Args:
            name: Of the cluster.
            fresh: Replace one that is there already, even if it lives.
        """
        with self.docker() as docker:
            image = self.build(docker)
            cluster = self.kind(name, docker)
            with self.cache.lock(f"cluster-{name}"):  # two at once must not undo each other's
                if fresh or not cluster.alive():
                    with self.reporter.step(f"start the kind cluster {name}"):
                        cluster.create(image, own_network=image != PUBLIC_NODE)
                with self.reporter.step("load images"):
                    cluster.load((OPERATOR_IMAGE, DASK_IMAGE))
            yield cluster

    @contextmanager
    def running(self, name: str) -> Iterator[Kind]:
        """
        Give a cluster that is up.

        Raises:
            ClusterError: If it is not.
        """
        missing = ClusterError(f"There is no kind cluster {name}.", "Start it: make cluster-up")
        if not kubeconfig(self.cache.root, name).exists():
            raise missing
        with self.docker() as docker:
            cluster = self.kind(name, docker)
            if not cluster.alive():
                raise missing
            yield cluster

    def down(self, name: str) -> None:
        """Remove a cluster, dead or alive; fine if there is none."""
        with Daemon(self.runner, self.cache, self.reporter).docker(start=False) as docker:
            # Without kind: a program that would have to be built first is no help in cleaning up.
            if docker is not None:
                with self.reporter.step(f"remove the kind cluster {name}"):
                    docker.clean("rm", "--force", "--volumes", node_name(name))
            kubeconfig(self.cache.root, name).unlink(missing_ok=True)

    def deploy(self, cluster: Kind) -> None:
        """Install the operator from the loaded image."""
        with self.reporter.step("install the operator"):
            operator.deploy(cluster)


def _for_tests(shop: Workshop) -> list[Step]:
    """What no cluster needs: the tests of the chart and of monitoring do."""
    after = (f"build {KWOK_PROGRAM.name}",)
    steps = [Step("build helm", partial(shop.program, HELM_PROGRAM), after)]
    bases: tuple[str, ...] = ()
    if not shop.public:
        make = partial(shop.imported, debian.PROMETHEUS)
        steps.append(Step("prometheus file system", make, ("install mmdebstrap",)))
        bases = ("python file system", "prometheus file system")
    return [*steps, Step("Prometheus image", partial(prometheus_image, shop), bases)]
