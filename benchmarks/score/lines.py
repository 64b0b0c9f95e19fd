"""What the lines of files are: code, comments or docstrings."""

import ast
import io
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.score.functions import docstring_lines
from benchmarks.score.tree import FunctionNode, Module

FOR_TOOLS = ("# noqa", "# type: ignore")
"""Comments that silence a tool explain nothing by themselves."""


@dataclass(frozen=True)
class Lines:
    """
    Counted as the appendix of the sheet does, but for the comments.

    The appendix takes comments behind code, and texts below constants (which tools show as a
    constant's docstring), for code. Here they are what they are for the reader: comments.

    Attributes:
        total: All lines of the file.
        comments: Lines that explain something and are no docstring.
        docstrings: Lines of docstrings, their blank lines included.
        code: Lines with code in them; the blank lines in docstrings were taken off twice.
    """

    total: int
    comments: int
    docstrings: int
    code: int


def count(module: Module) -> Lines:
    """The lines of one file."""
    lines = module.text.splitlines()
    alone, behind = _comments(module)
    docstrings: set[int] = set()
    texts: set[int] = set()
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.Module | ast.ClassDef | FunctionNode):
            docstrings |= docstring_lines(node)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            texts |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    texts -= docstrings
    code = sum(bool(line.strip()) for line in lines) - len(alone) - len(docstrings) - len(texts)
    return Lines(len(lines), len(alone | behind | texts), len(docstrings), code)


def _comments(module: Module) -> tuple[set[int], set[int]]:
    """The lines that are nothing but a comment, and those with one behind code."""
    alone, behind = set[int](), set[int]()
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type == tokenize.COMMENT:
            if not token.line[: token.start[1]].strip():
                alone.add(token.start[0])
            elif not token.string.startswith(FOR_TOOLS):
                behind.add(token.start[0])
    return alone, behind


def count_all(modules: Sequence[Module]) -> Lines:
    """The lines of all files together."""
    counts = [count(module) for module in modules]
    return Lines(
        sum(c.total for c in counts),
        sum(c.comments for c in counts),
        sum(c.docstrings for c in counts),
        sum(c.code for c in counts),
    )
