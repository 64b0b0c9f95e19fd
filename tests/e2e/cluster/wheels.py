"""Python packages for images that are built without a network."""

import sys
from pathlib import Path

from tests.e2e.cluster.cache import Cache, content_key
from tests.e2e.cluster.process import Command, Runner, checked
from tests.e2e.cluster.retry import retried

PYTHON = ("--python-version=3.11", "--implementation=cp", "--abi=cp311", "--abi=abi3", "--abi=none")
"""The Python of the base image: Debian bookworm's."""


def platforms(machine: str) -> list[str]:
    """The tags of binary wheels that run on Debian bookworm (glibc 2.36) on *machine*."""
    newest_first = [f"manylinux_2_{minor}_{machine}" for minor in range(36, 16, -1)]
    return [*newest_first, f"manylinux2014_{machine}"]


def wheels(name: str, requirements: Path, machine: str, runner: Runner, cache: Cache) -> Path:
    """Return a folder of the wheels that *requirements* pins, each checked against its hash."""

    def make(folder: Path) -> None:
        log = cache.log(f"wheels-{name}")
        argv = (
            sys.executable, "-m", "pip", "download", "--require-hashes", "--only-binary=:all:",
            "--no-deps",  # the list is whole, and leaves out what an image can do without
            *PYTHON, *(f"--platform={tag}" for tag in platforms(machine)),
            "--requirement", str(requirements), "--dest", str(folder),
        )  # fmt: skip
        command = Command(argv, log=log)
        retried(lambda: checked(runner, command, f"The whole log: {log}"))

    return cache.entry(f"wheels-{name}", content_key([requirements], *PYTHON, machine), make)
