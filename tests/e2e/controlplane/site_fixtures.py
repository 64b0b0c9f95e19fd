"""Fixtures of tests that install the operator; a test module names this one in ``pytest_plugins``."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.cluster.images import REPOSITORY
from tests.e2e.controlplane.custom_resources import apply_custom_resources
from tests.e2e.controlplane.namespaces import own_namespace
from tests.e2e.controlplane.site import SITE


@pytest.fixture(scope="module")
def site() -> Iterator[ControlPlane]:
    """A control plane of the module's own, with the CRDs: an installation is there once in a cluster."""
    with ControlPlane(SITE) as plane:
        apply_custom_resources(plane)
        yield plane


@pytest.fixture
def empty() -> Iterator[ControlPlane]:
    """A control plane of the test's own that has never heard of us."""
    with ControlPlane(SITE) as plane:
        yield plane


@pytest.fixture
def own(site: ControlPlane) -> Iterator[str]:
    """A namespace of the test's own that enforces the restricted Pod Security Standard."""
    with own_namespace(site.api, enforced="restricted") as name:
        yield name


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the manifests, to change."""
    return Path(shutil.copytree(REPOSITORY / "manifests", tmp_path / "manifests"))
