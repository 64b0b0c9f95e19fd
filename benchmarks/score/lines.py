"""What the lines of files are: code, comments or docstrings."""

import ast
import io
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.score.functions import docstring_lines
from benchmarks.score.tree import FunctionNode, Module


@dataclass(frozen=True)
class Lines:
    """
    Counted as the appendix of the sheet does.

    Attributes:
        total: All lines of the file.
        comments: Lines with nothing but a comment.
        docstrings: Lines of docstrings, their blank lines included.
        code: What is left of the lines that are not blank; the blank lines in docstrings were
            taken off twice.
    """

    total: int
    comments: int
    docstrings: int
    code: int


def count(module: Module) -> Lines:
    """The lines of one file."""
    lines = module.text.splitlines()
    comments = {
        token.start[0]
        for token in tokenize.generate_tokens(io.StringIO(module.text).readline)
        if token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip()
    }
    docstrings: set[int] = set()
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.Module | ast.ClassDef | FunctionNode):
            docstrings |= docstring_lines(node)
    code = sum(bool(line.strip()) for line in lines) - len(comments) - len(docstrings)
    return Lines(len(lines), len(comments), len(docstrings), code)


def count_all(modules: Sequence[Module]) -> Lines:
    """The lines of all files together."""
    counts = [count(module) for module in modules]
    return Lines(
        sum(c.total for c in counts),
        sum(c.comments for c in counts),
        sum(c.docstrings for c in counts),
        sum(c.code for c in counts),
    )
