"""Root file systems from Debian packages, for images that no registry can be asked for."""

from dataclasses import dataclass
from pathlib import Path

from tests.e2e.cluster import host
from tests.e2e.cluster.cache import Cache, content_key
from tests.e2e.cluster.errors import ClusterError
from tests.e2e.cluster.process import Command, Runner, checked
from tests.e2e.cluster.retry import retried

SUITE = "bookworm"
"""Its containerd 1.6 is the newest that Kubernetes 1.34 needs and cgroup v1 still works with."""

TOOLS = ("mmdebstrap", "debian-archive-keyring")

SLIM = (
    'path-exclude="/usr/share/doc/*"',
    'path-exclude="/usr/share/man/*"',
    'path-exclude="/usr/share/locale/*"',
    'path-exclude="/usr/share/info/*"',
)
"""What nobody reads in a container."""


@dataclass(frozen=True, slots=True)
class RootFileSystem:
    """
    A root file system to make.

    Attributes:
        name: Of its cache entries and images.
        variant: How much of Debian comes with it, as ``mmdebstrap --variant`` takes it.
        packages: What else is in it.
        suite: The release of Debian.
    """

    name: str
    variant: str
    packages: tuple[str, ...]
    suite: str = SUITE

    @property
    def key(self) -> str:
        """Hash of what decides its contents, but for the packages' own updates."""
        return content_key((), self.suite, self.variant, *self.packages, *SLIM)


NODE = RootFileSystem(
    "node",
    "minbase",
    (
        "bash", "ca-certificates", "conntrack", "containerd", "containernetworking-plugins",
        "curl", "e2fsprogs", "ethtool", "hostname", "iproute2", "iptables", "jq", "kmod",
        "libseccomp2", "mount", "nftables", "pigz", "procps", "runc", "socat", "systemd",
        "systemd-sysv", "util-linux",
    ),
)  # fmt: skip
KUBE = RootFileSystem(
    "kube",
    "extract",
    (
        "bash",
        "ca-certificates",
        "conntrack",
        "coreutils",
        "dash",
        "iptables",
        "libc-bin",
        "nftables",
    ),
)
PYTHON = RootFileSystem(
    "python", "minbase", ("ca-certificates", "python-is-python3", "python3", "python3-pip")
)
RUNTIME = RootFileSystem("runtime", "extract", ("base-files", "python3"))
"""Python and what it is linked with: no shell, no pip, no apt."""
PROMETHEUS = RootFileSystem(
    "prometheus", "extract", ("base-files", "dash", "prometheus", "promtool"), suite="trixie"
)
"""The release before has a Prometheus that cannot find its targets in Kubernetes."""


def provide_tools(runner: Runner, cache: Cache) -> None:
    """
    Install what makes root file systems.

    Raises:
        ClusterError: If it is missing and we may not install it.
    """
    if runner.run(Command(("sh", "-c", "command -v mmdebstrap"))).ok:
        return
    if not (host.is_root() and host.has_apt()):
        raise ClusterError(
            "No container registry answers, and only root on Debian can do without one.",
            "Check the network, or run this as root on Debian.",
        )
    host.install(runner, TOOLS, cache.log("apt-mmdebstrap"))


def root_file_system(what: RootFileSystem, runner: Runner, cache: Cache) -> Path:
    """Return the tar file of *what*, making it if its definition has changed."""

    def make(folder: Path) -> None:
        log = cache.log(f"rootfs-{what.name}")
        argv = (
            "mmdebstrap",
            f"--variant={what.variant}",
            f"--include={','.join(what.packages)}",
            *(f"--dpkgopt={option}" for option in SLIM),
            what.suite,
            str(folder / "rootfs.tar"),
        )
        command = Command(argv, log=log)
        retried(lambda: checked(runner, command, f"The whole log: {log}"))

    return cache.entry(f"rootfs-{what.name}", what.key, make) / "rootfs.tar"
