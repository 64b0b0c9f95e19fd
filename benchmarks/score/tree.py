"""The Python files of a checkout, parsed once."""

import ast
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """
    One file.

    Attributes:
        path: From the root of the checkout, e.g. ``src/daskop/cli.py``.
        text: As it stands there.
        syntax: As Python reads it.
    """

    path: str
    text: str
    syntax: ast.Module

    def at(self, node: ast.stmt | ast.expr | ast.ExceptHandler) -> str:
        """Where *node* begins, as ``path:line``."""
        return f"{self.path}:{node.lineno}"

    def functions(self) -> list[FunctionNode]:
        """All functions, methods and functions in functions."""
        return [node for node in ast.walk(self.syntax) if isinstance(node, FunctionNode)]

    def classes(self) -> list[ast.ClassDef]:
        """All classes."""
        return [node for node in ast.walk(self.syntax) if isinstance(node, ast.ClassDef)]

    def strings(self) -> set[str]:
        """All string constants."""
        constants = (n.value for n in ast.walk(self.syntax) if isinstance(n, ast.Constant))
        return {value for value in constants if isinstance(value, str)}


class Tree:
    """
    What is measured.

    Attributes:
        root: The folder that has ``src`` and ``tests``.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    @cached_property
    def source(self) -> list[Module]:
        """The operator itself."""
        return self._modules("src/daskop")

    @cached_property
    def tests(self) -> list[Module]:
        """The tests, their helpers, and the cluster tool that lives among them."""
        return self._modules("tests")

    @cached_property
    def tools(self) -> dict[str, Any]:
        """What pyproject.toml says to tools; nothing if there is no such file."""
        path = self.root / "pyproject.toml"
        settings = tomllib.loads(path.read_text()) if path.exists() else {}
        tools: dict[str, Any] = settings.get("tool", {})
        return tools

    def under(self, *folders: str) -> list[Module]:
        """Those of the source and the tests that are in one of *folders*."""
        prefixes = tuple(f"{folder}/" for folder in folders)
        return [m for m in self.source + self.tests if m.path.startswith(prefixes)]

    def _modules(self, folder: str) -> list[Module]:
        modules = []
        for path in sorted((self.root / folder).rglob("*.py")):
            name, text = path.relative_to(self.root).as_posix(), path.read_text()
            modules.append(Module(name, text, ast.parse(text, name)))
        return modules
