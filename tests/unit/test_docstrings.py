"""Every test says in a sentence what holds."""

import ast
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_every_test_has_a_sentence() -> None:
    """
    Each test function in tests/ has a docstring.
    """
    silent = [
        f"{path.relative_to(TESTS)}: {node.name}"
        for path in sorted(TESTS.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]

    assert [] == silent
