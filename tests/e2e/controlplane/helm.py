"""helm as a user runs it, with the chart of this repository."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.e2e.cluster import binaries
from tests.e2e.cluster.manifests import CHART

RELEASE: Final = "daskop"
WITHOUT_CLUSTER: Final = f"--kube-version={binaries.kubernetes_version()}"
"""There is no server to ask for its version, and this helm was linked without one."""

_ENDS_WITHIN_SECONDS: Final = 50.0


@dataclass(frozen=True, slots=True)
class Helm:
    """
    Helm in *namespace*.

    Attributes:
        folder: Where it keeps what it keeps.
        kubeconfig: Of a cluster; left out, it only renders.
    """

    folder: Path
    namespace: str = "daskop-system"
    kubeconfig: Path | None = None

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run helm, whatever comes of it."""
        homes = {f"HELM_{home}_HOME": str(self.folder) for home in ("CACHE", "CONFIG", "DATA")}
        return subprocess.run(
            [str(binaries.helm()), *arguments, f"--namespace={self.namespace}"],
            # Without a kubeconfig there is no cluster: not that of the person who runs the tests.
            env={**os.environ, **homes, "KUBECONFIG": str(self.kubeconfig or os.devnull)},
            capture_output=True,
            text=True,
            check=False,
            timeout=_ENDS_WITHIN_SECONDS,
        )

    def do(self, *arguments: str) -> str:
        """Run helm, and return what it prints; an error fails the test."""
        done = self.ask(*arguments)
        assert 0 == done.returncode, f"helm {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def template(self, *values: str, release: str = RELEASE) -> list[dict[str, Any]]:
        """The objects of a release with *values*, each as ``--set-json`` takes it."""
        done = self.try_template(*values, release=release)
        assert 0 == done.returncode, f"{values}: {done.stderr}"
        return [found for found in yaml.load_all(done.stdout, yaml.CSafeLoader) if found]

    def try_template(
        self, *values: str, release: str = RELEASE
    ) -> subprocess.CompletedProcess[str]:
        """Render a release with *values*, which may be refused."""
        options = [f"--set-json={value}" for value in values]
        return self.ask("template", release, str(CHART), WITHOUT_CLUSTER, *options)
