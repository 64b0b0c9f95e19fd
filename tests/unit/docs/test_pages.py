"""No page is forgotten, and each of its blocks is something that a test knows what to do with."""

import ast
from pathlib import Path

import pytest

from tests.docs.page import blocks, pages, steps

TESTS = Path(__file__).parents[2]
LANGUAGES = {"console", "yaml", "python", "shell", "text"}


def named_in_tests() -> set[str]:
    """Each text that stands in a test that has a server, or in what such tests share."""
    return {
        str(node.value)
        for path in (TESTS / "e2e").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
    }


def test_each_page_with_commands_is_run() -> None:
    """
    A test names every page that has console blocks; what is not run is fenced as shell.
    """
    with_commands = {page for page in pages() if steps(page)}

    assert set() == with_commands - named_in_tests()


@pytest.mark.parametrize("page", pages())
def test_each_block_has_a_known_language(page: str) -> None:
    """
    The language says whether a block is run: a misspelt one would not be.
    """
    unknown = {block for block in blocks(page) if block.language not in LANGUAGES}

    assert set() == unknown


@pytest.mark.parametrize("page", pages())
def test_each_program_compiles(page: str) -> None:
    """
    What is shown as Python is Python.
    """
    for block in blocks(page):
        if block.language == "python":
            compile(block.text, f"{page}, line {block.line}", "exec")
