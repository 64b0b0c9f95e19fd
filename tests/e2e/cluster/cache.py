"""
A folder of finished things, each named by a hash of what it was made from.

An entry is made in a temporary sibling and renamed into place, so it is whole or not there.
A file lock per entry lets two processes build it once; the kernel drops the lock of a process
that dies, and what that one left half-written is swept by the next.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

PARTIAL = ".partial-"
"""Infix of a temporary sibling: ``<entry>.partial-<random>``."""

POLL_SECONDS = 0.5
"""How often a waiting process looks at another one's lock."""

HASH_DIGITS = 16


def cache_root() -> Path:
    """Say where the cache is: ``${XDG_CACHE_HOME:-~/.cache}/daskop``."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "daskop"


def content_key(files: Iterable[Path], *facts: str) -> str:
    """Hash the contents and names of *files*, in any order, and *facts*, in theirs."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    for fact in facts:
        digest.update(f"\0{fact}".encode())
    return digest.hexdigest()[:HASH_DIGITS]


class Cache:
    """The entries under one folder."""

    def __init__(self, root: Path | None = None, say: Callable[[str], None] = print) -> None:
        self.root = root or cache_root()
        self._say = say
        self._never = threading.Event()

    def entry(self, kind: str, key: str, make: Callable[[Path], None]) -> Path:
        """
        Return the folder ``<kind>-<key>``, which *make* fills if it is not there yet.

        *make* gets an empty folder; if it raises, nothing is left of it.
        """
        path = self.root / f"{kind}-{key}"
        if path.is_dir():
            return path
        with self.lock(path.name):
            if not path.is_dir():  # another process may have made it while we waited
                self._make(path, make)
        return path

    def _make(self, path: Path, make: Callable[[Path], None]) -> None:
        for stale in self.root.glob(f"{path.name}{PARTIAL}*"):
            shutil.rmtree(stale, ignore_errors=True)
        partial = Path(tempfile.mkdtemp(prefix=path.name + PARTIAL, dir=self.root))
        try:
            make(partial)
            partial.chmod(0o755)
            partial.rename(path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def log(self, step: str) -> Path:
        """Return an empty log file for *step*."""
        path = self.root / "logs" / f"{step}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        return path

    def sweep(self) -> list[str]:
        """Remove what dead processes left half-written, and return the names."""
        swept = []
        for partial in sorted(self.root.glob(f"*{PARTIAL}*")):
            entry = partial.name.split(PARTIAL)[0]
            with self._locked(entry, wait=False) as ours:
                if ours:
                    shutil.rmtree(partial, ignore_errors=True)
                    swept.append(partial.name)
        return swept

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the lock *name*; say so if another process has it, and wait."""
        with self._locked(name, wait=True):
            yield

    @contextmanager
    def _locked(self, name: str, *, wait: bool) -> Iterator[bool]:
        folder = self.root / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("w") as file:  # never unlinked: that would split the lock in two
            ours = _try_lock(file.fileno())
            if wait and not ours:
                self._say(f"waiting for another process that makes {name}")
            while wait and not ours:
                self._never.wait(POLL_SECONDS)
                ours = _try_lock(file.fileno())
            yield ours  # closing the file drops the lock


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
