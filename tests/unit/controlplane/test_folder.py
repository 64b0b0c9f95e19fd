"""Data folders belong to one living process each."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cluster.controlplane.folder import PREFIX, Folder, claim, sweep


@pytest.fixture
def claimed(tmp_path: Path) -> Iterator[Folder]:
    """A folder of this process."""
    folder = claim(tmp_path)
    yield folder
    folder.remove()


def test_a_sweep_leaves_the_folder_of_a_living_owner(tmp_path: Path, claimed: Folder) -> None:
    """
    A folder that is locked is somebody's, and stays.
    """
    assert [] == sweep(tmp_path)
    assert claimed.path.exists()


def test_a_sweep_removes_the_folder_of_a_dead_owner(tmp_path: Path) -> None:
    """
    A folder without a lock is nobody's, and goes with all that is in it.
    """
    folder = claim(tmp_path)
    (folder.path / "etcd").mkdir()
    os.close(folder.lock)  # what the kernel does when the owner dies

    assert [folder.path] == sweep(tmp_path)
    assert [] == list(tmp_path.iterdir())


def test_a_sweep_touches_nothing_but_folders_of_ours(tmp_path: Path) -> None:
    """
    Other names, plain files and links are left alone.
    """
    (tmp_path / "other").mkdir()
    (tmp_path / f"{PREFIX}file").touch()
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "other")

    assert [] == sweep(tmp_path)
    assert 3 == len(list(tmp_path.iterdir()))


def test_a_folder_is_readable_by_its_owner_only(claimed: Folder) -> None:
    """
    Keys and tokens lie in the folder, so nobody else may look into it.
    """
    assert 0o700 == claimed.path.stat().st_mode & 0o777
