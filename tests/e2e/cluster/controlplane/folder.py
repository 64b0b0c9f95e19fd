"""
The data folder of one control plane, and the sweep of folders whose owner died.

A folder is locked (``flock`` on the directory itself) by the supervisor that owns it, for as long
as it lives. A folder that can be locked is therefore nobody's. Whoever makes a folder locks it and
then looks whether it is still there: a sweep may have been faster.
"""

import fcntl
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

PREFIX = "daskop-plane-"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of ours, locked until this process ends or removes it."""

    path: Path
    lock: int

    def remove(self) -> None:
        """Remove the folder with all that is in it, then let the lock go."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self.lock)


def claim(parent: Path | None = None) -> Folder:
    """Make a new folder under *parent* (default: the system's), readable by us only, and lock it."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        lock = _lock(path)
        if lock is not None and path.exists():
            return Folder(path, lock)
        if lock is not None:
            os.close(lock)


def sweep(parent: Path | None = None) -> list[Path]:
    """Remove the folders under *parent* whose owner is dead, and return them."""
    swept = []
    for path in Path(parent or tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if path.is_symlink() or not path.is_dir() or path.stat().st_uid != os.getuid():
            continue
        lock = _lock(path)
        if lock is None:
            continue
        Folder(path, lock).remove()
        swept.append(path)
    return swept


def _lock(path: Path) -> int | None:
    """Lock *path*; None if somebody else has it or it is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
