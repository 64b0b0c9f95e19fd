"""What can be said about a start without a control plane: disk, ports, what a dead process left."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from tests.e2e.cluster import binaries
from tests.e2e.cluster.controlplane.errors import (
    ComponentError,
    ControlPlaneError,
    PortTakenError,
)
from tests.e2e.cluster.controlplane.options import Binaries
from tests.e2e.cluster.controlplane.ports import Ports

T = TypeVar("T")

DISK_BYTES: Final = 1_000_000_000  # etcd begins with 64 MB files; a long run writes some 100 MB
_PORT_ATTEMPTS: Final = 5
_LOG_TAIL_LINES: Final = 15
_LOG_TAIL_BYTES: Final = 8192


def built() -> Binaries:
    """Return the programs from the build cache, built now if they are missing."""
    return Binaries(localkube=binaries.localkube(), kwok=binaries.kwok())


def check_disk(folder: Path, needed_bytes: int = DISK_BYTES) -> None:
    """
    Look for room before anything is written.

    Raises:
        ControlPlaneError: If there is too little.
    """
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise ControlPlaneError(
            f"the disk of {folder} is nearly full: {free // 10**6} MB free, "
            f"a control plane needs {needed_bytes // 10**6} MB",
            hint="make room, or set TMPDIR to a folder on another disk",
        )


def with_free_ports(launch: Callable[[Ports], T], clear: Callable[[], None]) -> T:
    """
    Call *launch* with ports, and with other ones if somebody took one meanwhile.

    Args:
        launch: Starts everything.
        clear: Removes what an attempt that failed has left.

    Raises:
        PortTakenError: If that happened too often.
    """
    for _ in range(_PORT_ATTEMPTS - 1):
        try:
            return launch(Ports.choose())
        except PortTakenError:
            clear()
    return launch(Ports.choose())


def component_error(folder: Path, component: str, problem: str) -> ComponentError:
    """Return the error for a component that did not come up, with what its log says."""
    tail = log_tail(folder / f"{component}.log")
    kind = PortTakenError if "address already in use" in tail else ComponentError
    return kind(component, problem, tail)


def log_tail(log: Path, lines: int = _LOG_TAIL_LINES) -> str:
    """Return the last *lines* of a log; nothing if there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _LOG_TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
