"""What a control plane could leave behind."""

import contextlib
from pathlib import Path


def alive(pid: int) -> bool:
    """Whether *pid* still runs. A zombie does not: only its parent has not asked for its end."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def processes_of(folder: Path) -> set[int]:
    """Return the processes whose command line names *folder*."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if str(folder).encode() in (entry / "cmdline").read_bytes():
                found.add(int(entry.name))
    return found
