"""A kind cluster whose programs are never run."""

from pathlib import Path

import pytest

from tests.e2e.cluster.docker import Docker
from tests.e2e.cluster.kind import Kind
from tests.unit.cluster.fake_runner import FakeRunner


@pytest.fixture
def runner() -> FakeRunner:
    return FakeRunner()


@pytest.fixture
def cluster(runner: FakeRunner, tmp_path: Path) -> Kind:
    docker = Docker(runner, "unix:///d.sock")
    return Kind("c", docker, runner, tmp_path, Path("/b/kind"), Path("/b/kubectl"))
