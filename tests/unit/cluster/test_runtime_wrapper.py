"""The OCI runtime that asks for no capability which the kernel cannot grant."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.e2e.cluster.binaries import BUILD


@pytest.fixture(scope="module")
def wrapper() -> ModuleType:
    path = BUILD / "runtime" / "runc_within_bounds.py"
    spec = importlib.util.spec_from_file_location("runc_within_bounds", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def a_process() -> dict[str, Any]:
    names = ["CAP_CHOWN", "CAP_SYS_RESOURCE"]
    return {"capabilities": {"bounding": [*names], "ambient": None}, "oomScoreAdj": -997}


BOUND = {"capabilities": {"bounding": ["CAP_CHOWN"], "ambient": None}, "oomScoreAdj": 0}


def test_a_container_is_created_within_bounds(wrapper: ModuleType, tmp_path: Path) -> None:
    """
    The bundle's config.json loses the capability and the negative OOM score, and nothing else.
    """
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"process": a_process(), "root": {"path": "r"}}))

    wrapper.rewrite(["--root", "/r", "create", "--bundle", str(tmp_path), "id"])

    assert {"process": BOUND, "root": {"path": "r"}} == json.loads(config.read_text())


def test_a_command_in_a_container_is_started_within_bounds(
    wrapper: ModuleType, tmp_path: Path
) -> None:
    """
    What `exec` is told in a file is bound as well.
    """
    process = tmp_path / "process.json"
    process.write_text(json.dumps(a_process()))

    wrapper.rewrite(["exec", f"--process={process}", "id"])

    assert BOUND == json.loads(process.read_text())


def test_other_verbs_are_passed_on(wrapper: ModuleType, tmp_path: Path) -> None:
    """
    Deleting a container touches no file.
    """
    wrapper.rewrite(["delete", "--bundle", str(tmp_path), "id"])

    assert [] == list(tmp_path.iterdir())
