"""
The Go programs: built once for each state of their sources, kept in the cache.

:func:`localkube` is all of Kubernetes; links of its components' names (``kubectl``, ``etcd``, ...)
stand beside it.
"""

import threading
from dataclasses import dataclass
from functools import cache as memoised
from pathlib import Path

from tests.e2e.cluster import golang
from tests.e2e.cluster.cache import Cache, content_key
from tests.e2e.cluster.process import Runner, SystemRunner

BUILD = Path(__file__).parent / "build"
KUBERNETES = BUILD / "kubernetes"
KWOK = BUILD / "kwok"
HELM = BUILD / "helm"

COMPONENTS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubelet",
    "kubeadm",
    "kubectl",
)

BUILD_FREE_BYTES = 12 * 1024**3
"""Go's caches take 5 GiB, our cache 1, the images and a running cluster 5 (measured), and air."""

CLUSTER_FREE_BYTES = 3 * 1024**3
"""What a cluster writes once everything is built: an image in transit, logs, etcd."""

_compiler = threading.Lock()  # one compiler at a time: it uses all cores by itself


@dataclass(frozen=True, slots=True)
class Program:
    """
    A program to build.

    Attributes:
        name: Of the binary and of its cache entries.
        module: Folder of the Go module that pins its version.
        package: What to build, as `go build` takes it.
        links: Other names for the binary.
    """

    name: str
    module: Path
    package: str
    links: tuple[str, ...] = ()

    @property
    def sources(self) -> list[Path]:
        """List the files that decide what is built."""
        own = sorted((self.module / self.package).glob("*.go"))
        return [self.module / "go.mod", self.module / "go.sum", *own]

    @property
    def ldflags(self) -> str:
        """Give the linker's flags; Kubernetes gets its version by them, as in its own build."""
        if self.name != "localkube":
            return golang.STRIP
        version = kubernetes_version()
        major, minor, _ = version.removeprefix("v").split(".", 2)
        values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
        package = "k8s.io/component-base/version"
        return " ".join(
            [golang.STRIP, *(f"-X {package}.{name}={value}" for name, value in values.items())]
        )


LOCALKUBE = Program("localkube", KUBERNETES, "./localkube", COMPONENTS)
COREDNS = Program("coredns", KUBERNETES, "./coredns")
PAUSE = Program("pause", KUBERNETES, "./pause")
KIND = Program("kind", KUBERNETES, "sigs.k8s.io/kind")
CRICTL = Program("crictl", KUBERNETES, "sigs.k8s.io/cri-tools/cmd/crictl")
KWOK_PROGRAM = Program("kwok", KWOK, "sigs.k8s.io/kwok/cmd/kwok")
HELM_PROGRAM = Program("helm", HELM, "helm.sh/helm/v3/cmd/helm")


def kubernetes_version() -> str:
    """Read the version of Kubernetes that is built, as ``v1.34.4``."""
    return golang.module_version(KUBERNETES, "k8s.io/kubernetes")


def binary(program: Program, runner: Runner, cache: Cache) -> Path:
    """Return the path of *program*, building it if its sources have changed."""
    go = golang.toolchain(runner, program.module)
    ldflags = program.ldflags
    key = content_key(
        program.sources, program.package, ldflags, *golang.FLAGS, go.version, go.platform
    )

    def make(folder: Path) -> None:
        log = cache.log(program.name)
        golang.build(runner, program.module, program.package, folder / program.name, ldflags, log)
        for link in program.links:
            (folder / link).symlink_to(program.name)

    with _compiler:
        return cache.entry(program.name, key, make) / program.name


@memoised
def _ours() -> tuple[Runner, Cache]:
    return SystemRunner(), Cache()


def localkube() -> Path:
    """Return the path of the multi-call Kubernetes binary."""
    return binary(LOCALKUBE, *_ours())


def kubectl() -> Path:
    """Return the path of kubectl."""
    return localkube().with_name("kubectl")


def coredns() -> Path:
    """Return the path of CoreDNS."""
    return binary(COREDNS, *_ours())


def pause() -> Path:
    """Return the path of the program that holds a Pod's namespaces open."""
    return binary(PAUSE, *_ours())


def kind() -> Path:
    """Return the path of kind."""
    return binary(KIND, *_ours())


def crictl() -> Path:
    """Return the path of crictl."""
    return binary(CRICTL, *_ours())


def kwok() -> Path:
    """Return the path of kwok."""
    return binary(KWOK_PROGRAM, *_ours())


def helm() -> Path:
    """Return the path of helm."""
    return binary(HELM_PROGRAM, *_ours())
