"""docs/install.md and docs/upgrade.md, done from top to bottom as somebody does who reads them."""

from pathlib import Path

import pytest

from tests.docs.follow import reader
from tests.docs.page import steps
from tests.e2e.cluster import binaries
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.controlplane.custom_resources import apply_custom_resources
from tests.e2e.controlplane.operator_process import OperatorProcess

pytest_plugins = ["tests.e2e.controlplane.site_fixtures"]


@pytest.mark.timeout(240, func_only=True)
@pytest.mark.parametrize("page", ["docs/install.md", "docs/upgrade.md"])
def test_the_page_is_true(page: str, empty: ControlPlane, tmp_path: Path) -> None:
    """
    Each command of the page does what the page shows.
    """
    programs = {"kubectl": binaries.kubectl(), "helm": binaries.helm()}
    apply_custom_resources(empty)  # without them no operator gets ready
    # The Pods of the Deployment are simulated; somebody has to do their work.
    with (
        OperatorProcess(empty.kubeconfig),
        reader(page, tmp_path, empty.kubeconfig, "default", programs) as someone,
    ):
        someone.follow(steps(page))
