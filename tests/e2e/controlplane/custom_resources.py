"""The CRDs of this repository on a control plane."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import yaml

from tests.e2e.cluster.controlplane.api import Json, has_condition, path_of
from tests.e2e.cluster.controlplane.components import CONTROLLER_MANAGER
from tests.e2e.cluster.controlplane.plane import ControlPlane

_CRDS: Final = Path(__file__).parents[3] / "crds"
_API: Final = "apiextensions.k8s.io/v1"


def repository_crds() -> list[Json]:
    """The CRDs of ``crds/*.yaml``."""
    files = sorted(_CRDS.glob("*.yaml"))
    found = [crd for file in files for crd in yaml.safe_load_all(file.read_text()) if crd]
    assert found, f"no CRDs in {_CRDS}: make crds"
    return found


def apply_custom_resources(plane: ControlPlane, crds: Sequence[Json] = ()) -> None:
    """
    Apply *crds*, or those of the repository, and wait until they are served.

    The garbage collector and the quota look for new kinds every 30 s only; they are started again
    so that they know these at once.
    """
    paths = []
    for crd in crds or repository_crds():
        path = path_of(_API, "customresourcedefinitions", name=crd["metadata"]["name"])
        plane.api.apply(path, crd)
        paths.append(path)
    for path in paths:
        plane.api.wait_for(
            path, lambda crd: has_condition(crd, "Established"), "Established", within_seconds=20
        )
    if CONTROLLER_MANAGER in plane.pids():
        plane.stop_component(CONTROLLER_MANAGER)
        plane.start_component(CONTROLLER_MANAGER)
