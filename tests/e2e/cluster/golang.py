"""The Go toolchain: found, new enough, and run with the flags that fill one build cache."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.cluster.errors import ClusterError
from tests.e2e.cluster.process import Command, Runner, checked
from tests.e2e.cluster.retry import retried

ENV = (("CGO_ENABLED", "0"),)
FLAGS = ("-trimpath",)
STRIP = "-s -w"


@dataclass(frozen=True, slots=True)
class Toolchain:
    """
    A Go that can build our modules.

    Attributes:
        version: As ``go1.26.8``.
        platform: As ``linux/amd64``.
    """

    version: str
    platform: str


def required_version(module: Path) -> str:
    """Read the oldest Go that builds *module* from its go.mod."""
    return _directive(module, r"^go (\S+)$")


def module_version(module: Path, path: str) -> str:
    """Read the version of the module *path* that *module* requires."""
    return _directive(module, rf"^\s*(?:require )?{re.escape(path)} (v\S+)")


def _directive(module: Path, pattern: str) -> str:
    found = re.search(pattern, (module / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise ClusterError(f"{module / 'go.mod'} has no line like {pattern}.")
    return found.group(1)


def toolchain(runner: Runner, module: Path) -> Toolchain:
    """
    Find the user's Go.

    Raises:
        ClusterError: If there is none, or only one that is too old for *module*.
    """
    need = required_version(module)
    hint = f"Install Go {need} or newer (Debian: golang-go from backports) and put it on PATH."
    try:
        done = runner.run(Command(("go", "env", "GOVERSION", "GOOS", "GOARCH"), cwd=module))
    except ClusterError as error:
        raise ClusterError("Go is not installed, and Kubernetes is built with it.", hint) from error
    lines = done.output.split()
    if not done.ok or len(lines) != 3 or _numbers(lines[0]) < _numbers(need):
        have = lines[0] if done.ok and lines else _running(done.output)
        raise ClusterError(f"Go is too old: {need} is needed, this is {have}.", hint)
    return Toolchain(lines[0], f"{lines[1]}/{lines[2]}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def _running(complaint: str) -> str:
    """Find the version in Go's own refusal: ``requires go >= 1.25.0 (running go 1.22.1; ...``."""
    found = re.search(r"running (go ?\S+?)[;)]", complaint)
    return found.group(1) if found else "an older one"


def build(
    runner: Runner, module: Path, package: str, target: Path, ldflags: str, log: Path
) -> None:
    """Download what *package* needs, trying again if the network fails, and build *target*."""
    download = Command(("go", "mod", "download"), cwd=module, log=log)
    retried(lambda: checked(runner, download, "Is the network up? Then run the command again."))
    argv = ("go", "build", *FLAGS, "-ldflags", ldflags, "-o", str(target), package)
    checked(runner, Command(argv, env=ENV, cwd=module, log=log), f"The whole log: {log}")
