"""The CRDs of this repository on a control plane."""

from pathlib import Path
from typing import Final

import yaml

from tests.e2e.cluster.controlplane.api import has_condition, path_of
from tests.e2e.cluster.controlplane.components import CONTROLLER_MANAGER
from tests.e2e.cluster.controlplane.plane import ControlPlane

_CRDS: Final = Path(__file__).parents[3] / "crds"
_API: Final = "apiextensions.k8s.io/v1"


def apply_custom_resources(plane: ControlPlane) -> None:
    """
    Apply ``crds/*.yaml`` and wait until they are served.

    The garbage collector and the quota look for new kinds every 30 s only; they are started again
    so that they know ours at once.
    """
    paths = []
    for file in sorted(_CRDS.glob("*.yaml")):
        for crd in filter(None, yaml.safe_load_all(file.read_text())):
            path = path_of(_API, "customresourcedefinitions", name=crd["metadata"]["name"])
            plane.api.apply(path, crd)
            paths.append(path)
    assert paths, f"no CRDs in {_CRDS}: make crds"
    for path in paths:
        plane.api.wait_for(
            path, lambda crd: has_condition(crd, "Established"), "Established", within_seconds=20
        )
    if CONTROLLER_MANAGER in plane.pids():
        plane.stop_component(CONTROLLER_MANAGER)
        plane.start_component(CONTROLLER_MANAGER)
