"""Small checkouts to measure."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.score.tree import Tree

MakeTree = Callable[[dict[str, str]], Tree]


@pytest.fixture
def make_tree(tmp_path: Path) -> MakeTree:
    """Writes files, by their paths, and reads them as a tree."""

    def make(files: dict[str, str]) -> Tree:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return Tree(tmp_path)

    return make
