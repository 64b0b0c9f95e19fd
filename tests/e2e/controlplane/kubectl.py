"""kubectl as a user runs it, in one namespace of a control plane."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.e2e.cluster import binaries
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.controlplane.dask import SEED, Dask

_ENDS_WITHIN_SECONDS: Final = 50.0


def seed(*files: str) -> str:
    """Manifests of the seed's, without the namespace that the job names."""
    return "---\n".join((SEED / f).read_text().replace("  namespace: default\n", "") for f in files)


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl in *namespace*, with all rights."""

    plane: ControlPlane
    namespace: str

    @property
    def dask(self) -> Dask:
        """The same namespace as tests see it."""
        return Dask(self.plane.api, self.namespace)

    def ask(
        self, *arguments: str, stdin: str = "", editor: str = "false"
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl, whatever comes of it."""
        return subprocess.run(
            self._argv(*arguments),
            input=stdin,
            env={**os.environ, "KUBE_EDITOR": editor},
            capture_output=True,
            text=True,
            check=False,
            timeout=_ENDS_WITHIN_SECONDS,
        )

    def do(self, *arguments: str, stdin: str = "", editor: str = "false") -> str:
        """Run kubectl, and return what it prints; an error fails the test."""
        done = self.ask(*arguments, stdin=stdin, editor=editor)
        assert 0 == done.returncode, f"kubectl {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def names(self, *what: str) -> list[str]:
        """What ``kubectl get`` lists, as KIND.GROUP/NAME, sorted."""
        return sorted(self.do("get", *what, "--output=name").split())

    def wait(self, condition: str, *what: str) -> str:
        """Run ``kubectl wait``."""
        return self.do("wait", f"--for={condition}", *what, "--timeout=30s")

    def generations(self) -> dict[str, int]:
        """How often the spec of each object of ours was written, by name."""
        plurals = ("daskclusters", "daskworkergroups", "daskjobs")
        found = [o["metadata"] for p in plurals for o in self.dask.api.list(self.dask.path(p))]
        return {metadata["name"]: metadata["generation"] for metadata in found}

    @contextmanager
    def running(self, printed: Path, *arguments: str) -> Iterator[Callable[[], str]]:
        """Run kubectl beside the block, and give a function that returns what it has printed."""
        with (
            printed.open("wb") as output,
            subprocess.Popen(self._argv(*arguments), stdout=output) as process,
        ):
            try:
                yield printed.read_text
            finally:
                process.terminate()

    def _argv(self, *arguments: str) -> list[str]:
        # A cache in the home folder would be that of an earlier server on the same port.
        return [
            str(binaries.kubectl()),
            f"--kubeconfig={self.plane.kubeconfig}",
            f"--cache-dir={self.plane.folder / 'kubectl-cache'}",
            f"--namespace={self.namespace}",
            *arguments,
        ]


def table(printed: str) -> list[dict[str, str]]:
    """The rows of what ``kubectl get`` prints: value by column, in order."""
    header, *rows = printed.splitlines()
    starts = [column.start() for column in re.finditer(r"\S+", header)]
    spans = list(zip(starts, [*starts[1:], None], strict=True))
    return [{header[a:b].strip(): row[a:b].strip() for a, b in spans} for row in rows]
