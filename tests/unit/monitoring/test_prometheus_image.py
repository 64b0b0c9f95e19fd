"""The image with Prometheus: Debian's, with a registry and without."""

from pathlib import Path

import pytest

from tests.e2e.cluster import debian
from tests.e2e.cluster.cache import Cache
from tests.e2e.cluster.docker import Docker
from tests.e2e.cluster.images import PROMETHEUS_IMAGE, PUBLIC_DEBIAN, prometheus_image
from tests.e2e.cluster.process import Completed
from tests.e2e.cluster.workshop import Workshop
from tests.unit.cluster.fake_runner import FakeRunner

OWN_DEBIAN = f"daskop.local/rootfs-prometheus:{debian.PROMETHEUS.key}"


@pytest.mark.parametrize(("public", "source"), [(True, PUBLIC_DEBIAN), (False, OWN_DEBIAN)])
def test_its_packages_come_from_debian(tmp_path: Path, public: bool, source: str) -> None:
    """
    They come from the public image and the network, or from a root file system of our own.
    """
    runner = FakeRunner()
    runner.answer("image inspect --format {{.Id}} daskop.local/prometheus:", Completed(1))
    shop = Workshop(Docker(runner), runner, Cache(tmp_path), public)

    assert PROMETHEUS_IMAGE == prometheus_image(shop)

    (built,) = [line for line in runner.ran if line.startswith("docker build")]
    assert f"--build-arg=DEBIAN={source}" in built
    assert runner.ran[-1].endswith(f" {PROMETHEUS_IMAGE}")


def test_what_a_daemon_holds_is_not_built_again(tmp_path: Path) -> None:
    """
    The image of the inputs as they are only gets its name.
    """
    runner = FakeRunner()

    prometheus_image(Workshop(Docker(runner), runner, Cache(tmp_path), public=False))

    assert not [line for line in runner.ran if line.startswith(("docker build", "mmdebstrap"))]


def test_its_debian_is_of_another_release() -> None:
    """
    The release is part of what names a root file system.
    """
    same = debian.RootFileSystem("prometheus", "extract", debian.PROMETHEUS.packages)

    assert debian.SUITE == same.suite
    assert same.key != debian.PROMETHEUS.key
