"""What the kernel says of a process's memory."""

from pathlib import Path
from typing import Literal

MEGABYTE = 10**6


def megabytes(pid: int | Literal["self"], field: Literal["VmRSS", "VmHWM"]) -> float:
    """
    The resident memory of a process: now (``VmRSS``), or at its highest (``VmHWM``).

    Raises:
        FileNotFoundError: If there is no such process, or if this is not Linux.
    """
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024 / MEGABYTE
