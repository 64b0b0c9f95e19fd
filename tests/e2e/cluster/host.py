"""What this machine is: user, distribution, packages, disk, capabilities."""

import os
import shutil
from pathlib import Path

from tests.e2e.cluster.errors import ClusterError
from tests.e2e.cluster.process import Command, Runner, checked
from tests.e2e.cluster.retry import retried

CAP_SYS_RESOURCE = 24
"""Number of the capability in linux/capability.h."""

GIB = 1024**3


def is_root() -> bool:
    """Whether we may install packages and start daemons."""
    return os.geteuid() == 0


def reach_system_programs() -> None:
    """Put the folders of dockerd and iptables on PATH: Debian's su leaves them out."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    missing = [name for name in ("/usr/local/sbin", "/usr/sbin", "/sbin") if name not in folders]
    os.environ["PATH"] = os.pathsep.join([*folders, *missing])


def has_apt() -> bool:
    """Whether packages come from apt: Debian, Ubuntu and their kin."""
    return shutil.which("apt-get") is not None


def os_release(path: Path = Path("/etc/os-release")) -> dict[str, str]:
    """Read the distribution's name and version; empty where there is no such file."""
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines())
    return {name: value.strip('"') for name, separator, value in pairs if separator}


def lacks_sys_resource(status: Path = Path("/proc/self/status")) -> bool:
    """Whether the bounding set lacks CAP_SYS_RESOURCE, so that runc cannot grant it."""
    if not status.exists():
        return False
    for line in status.read_text().splitlines():
        if line.startswith("CapBnd:"):
            return not int(line.split()[1], 16) >> CAP_SYS_RESOURCE & 1
    return False


def install(runner: Runner, packages: tuple[str, ...], log: Path) -> None:
    """Install Debian *packages*, trying again if the network fails."""
    env = (("DEBIAN_FRONTEND", "noninteractive"),)
    argv = ("apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages)

    def attempt() -> None:
        checked(runner, Command(("apt-get", "update", "-qq"), env=env, log=log))
        checked(runner, Command(argv, env=env, log=log), f"The whole log: {log}")

    retried(attempt)


def check_disk(folder: Path, need_bytes: int, free_bytes: int | None = None) -> None:
    """
    Refuse to begin what cannot end.

    Raises:
        ClusterError: If less than *need_bytes* are free where *folder* is.
    """
    while not folder.exists():
        folder = folder.parent
    have = shutil.disk_usage(folder).free if free_bytes is None else free_bytes
    if have < need_bytes:
        raise ClusterError(
            f"The disk is nearly full: {need_bytes / GIB:.1f} GiB are needed at {folder}, "
            f"{have / GIB:.1f} GiB are free.",
            "Make room there, or set XDG_CACHE_HOME to a larger disk.",
        )
