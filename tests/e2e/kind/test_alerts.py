"""The alerts by promtool, which plays series to them and looks at when they fire."""

import shutil
from pathlib import Path

import pytest

from tests.e2e.cluster.images import PROMETHEUS_IMAGE
from tests.e2e.cluster.kind import Kind
from tests.e2e.kind.prometheus import provide_image
from tests.e2e.kind.prometheus_config import write_rules

CASES = Path(__file__).with_name("alerts")


def promtool(cluster: Kind, folder: Path, *arguments: str) -> str:
    """Run promtool in *folder*; an error fails the test."""
    provide_image(cluster)
    volume = f"--volume={folder}:/work:ro"
    options = ("--rm", "--network=none", volume, "--workdir=/work", "--entrypoint=promtool")
    return cluster.docker.do("run", *options, PROMETHEUS_IMAGE, *arguments)


def test_the_rules_are_well_formed(kind_cluster: Kind, tmp_path: Path) -> None:
    """
    Promtool finds nothing to object to in any of the rules.
    """
    rules = write_rules(tmp_path)

    assert "SUCCESS" in promtool(kind_cluster, tmp_path, "check", "rules", rules.name)


@pytest.mark.parametrize("name", ["operator.yaml", "dask.yaml"])
def test_alerts_fire_when_they_should_and_only_then(
    kind_cluster: Kind, tmp_path: Path, name: str
) -> None:
    """
    Each alert fires in its case, and is silent in health and where nobody needs to come.
    """
    write_rules(tmp_path)
    shutil.copy(CASES / name, tmp_path)

    assert "SUCCESS" in promtool(kind_cluster, tmp_path, "test", "rules", name)
