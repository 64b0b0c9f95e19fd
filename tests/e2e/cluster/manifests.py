"""
The parts of ``manifests/`` that are made from others, so that nothing is written twice.

``install.yaml`` is the CRDs with the rendered overlay for all namespaces. The chart takes what has no
values in it from ``chart/files``: the CRDs, the operator's rules, the users' roles, the monitoring.
"""

import subprocess
from pathlib import Path
from typing import Final

import yaml

from tests.e2e.cluster.binaries import kubectl
from tests.e2e.cluster.images import REPOSITORY

MANIFESTS: Final = REPOSITORY / "manifests"
OVERLAYS: Final = MANIFESTS / "overlays"
CHART: Final = MANIFESTS / "chart"
FILES: Final = CHART / "files"
INSTALL: Final = MANIFESTS / "install.yaml"

_RIGHTS: Final = MANIFESTS / "rights" / "rights.yaml"
_USERS: Final = OVERLAYS / "cluster-wide" / "users.yaml"
_CRDS: Final = sorted((REPOSITORY / "crds").glob("*.yaml"))


def rendered() -> dict[Path, str]:
    """Each file that is made, with what it must hold."""
    return {
        INSTALL: "---\n".join([*(crd.read_text() for crd in _CRDS), kustomize("cluster-wide")]),
        FILES / "monitoring.yaml": kustomize("monitoring"),
        **copied(),
    }


def copied() -> dict[Path, str]:
    """Those of the files that are made without kubectl."""
    role = next(yaml.safe_load_all(_RIGHTS.read_text()))
    return {
        FILES / "rights.yaml": yaml.safe_dump({"rules": role["rules"]}),
        FILES / "users.yaml": _USERS.read_text(),
        **{FILES / "crds" / crd.name: crd.read_text() for crd in _CRDS},
    }


def kustomize(overlay: str) -> str:
    """
    Render an overlay.

    Raises:
        subprocess.CalledProcessError: If it is not valid; kubectl has said why.
    """
    argv = (str(kubectl()), "kustomize", str(OVERLAYS / overlay))
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout


def write() -> None:
    """Make the files anew; others in ``chart/files`` go."""
    wanted = rendered()
    for path in FILES.rglob("*"):
        if path.is_file() and path not in wanted:
            path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
