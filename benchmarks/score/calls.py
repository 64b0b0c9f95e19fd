"""What a file imports and calls, by full names."""

import ast
from dataclasses import dataclass

from benchmarks.score.tree import Module


@dataclass(frozen=True)
class Import:
    """
    One imported name.

    Attributes:
        place: Where, as ``file:line``.
        full: The full name, e.g. ``time.sleep``.
        local: What the file calls it.
    """

    place: str
    full: str
    local: str


@dataclass(frozen=True)
class Call:
    """
    One call.

    Attributes:
        place: Where, as ``file:line``.
        full: What is called: the dotted name with its import spelled out; what is called on the
            result of a call has an empty first part.
    """

    place: str
    full: str


def imports(module: Module) -> list[Import]:
    """All imports of a file, also those within functions."""
    found = []
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.Import | ast.ImportFrom):
            prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            found += [
                Import(module.at(node), prefix + name.name, name.asname or name.name)
                for name in node.names
            ]
    return found


def calls(module: Module) -> list[Call]:
    """All calls of a file."""
    known = {name.local: name.full for name in imports(module)}
    found = []
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.Call):
            root, *rest = dotted(node.func)
            found.append(Call(module.at(node), ".".join([known.get(root, root), *rest])))
    return found


def dotted(node: ast.expr) -> list[str]:
    """The parts of a dotted name, without indices; the first one is empty if it is no name."""
    match node:
        case ast.Name(name):
            return [name]
        case ast.Attribute(value, name):
            return [*dotted(value), name]
        case ast.Subscript(value):
            return dotted(value)
        case _:
            return [""]
