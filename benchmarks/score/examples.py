"""Which files of examples/ the end-to-end tests use."""

import ast
from fnmatch import fnmatch
from pathlib import PurePosixPath

from benchmarks.score.tree import Module, Tree

FOLDER = "examples"
SEED = "tests/e2e/seed"


class Examples:
    """
    The examples, and what the tests say of them.

    A path to the examples is known by its words: the string ``examples``, a name that has
    ``example`` in it, and whatever is joined to such a path with ``/``.

    Attributes:
        names: The files of the folder, without it.
    """

    def __init__(self, tree: Tree) -> None:
        self._root = tree.root
        self.names = _files(tree, FOLDER)
        self._seeds = _files(tree, SEED)
        self._tests = [m for m in tree.under("tests/e2e") if _has_tests(m)]

    def unused(self) -> list[str]:
        """The examples that neither a test uses nor, under another name, the seed's tests."""
        return [
            name
            for name in self.names
            if not any(self._uses(test, name) for test in self._tests) and not self._twin(name)
        ]

    def _uses(self, test: Module, name: str) -> bool:
        words = test.strings()
        if any(word.endswith(f"{FOLDER}/{name}") for word in words if " " not in word):
            return True
        return any(_reaches(node, name, words) for node in ast.walk(test.syntax))

    def _twin(self, name: str) -> bool:
        """Whether a test names a manifest of the seed that says exactly the same."""
        text = (self._root / FOLDER / name).read_text()
        twins = {s for s in self._seeds if (self._root / SEED / s).read_text() == text}
        return any(twins & test.strings() for test in self._tests)


def _files(tree: Tree, folder: str) -> list[str]:
    return sorted(path.name for path in (tree.root / folder).glob("*.yaml"))


def _has_tests(module: Module) -> bool:
    name = PurePosixPath(module.path).name
    return name == "conftest.py" or name.startswith("test_")


def _reaches(node: ast.AST, name: str, words: set[str]) -> bool:
    """Whether an expression is the path of the example, or a pattern that finds it."""
    match node:
        case ast.BinOp(folder, ast.Div(), ast.Constant(str(file))):
            return file == name and _is_examples(folder)
        case ast.BinOp(folder, ast.Div(), _):  # the file is a parameter: it is named elsewhere
            stem = PurePosixPath(name).stem
            return _is_examples(folder) and not words.isdisjoint({name, stem})
        case ast.Call(ast.Attribute(folder, "glob" | "rglob"), [ast.Constant(str(pattern))]):
            return fnmatch(name, pattern) and _is_examples(folder)
        case ast.Call(ast.Attribute(folder, "iterdir"), []):
            return _is_examples(folder)
        case _:
            return False


def _is_examples(node: ast.expr) -> bool:
    match node:
        case ast.Name(name) | ast.Attribute(_, name):
            return "example" in name.lower()
        case ast.Constant(value):
            return value == FOLDER
        case ast.BinOp(left, ast.Div(), right):
            return _is_examples(left) or _is_examples(right)
        case _:
            return False
