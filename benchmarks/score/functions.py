"""How long and how branched functions are."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.score.row import Offender
from benchmarks.score.tree import FunctionNode, Module


@dataclass(frozen=True)
class Measured:
    """A function, and a number of it."""

    place: str
    name: str
    number: int


def docstring_lines(node: FunctionNode | ast.ClassDef | ast.Module) -> set[int]:
    """The numbers of the lines that a docstring takes, blank ones included."""
    if ast.get_docstring(node) is None:
        return set()
    first = node.body[0]
    return set(range(first.lineno, (first.end_lineno or first.lineno) + 1))


def lengths(modules: Sequence[Module]) -> list[Measured]:
    """
    The lines of each function, from ``def`` to its end, less its docstring.

    A function in a function counts for itself and within the outer one.
    """
    return [
        Measured(module.at(node), node.name, _lines(node) - len(docstring_lines(node)))
        for module in modules
        for node in module.functions()
    ]


def _lines(node: FunctionNode) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def complexities(root: Path, folder: str) -> list[Measured]:
    """The McCabe complexity of each function in *folder*, as ruff says when none is allowed."""
    options = ["--isolated", "--no-cache", "--ignore-noqa", "--exit-zero", "--target-version=py311"]
    rule = ["--select=C901", "--config=lint.mccabe.max-complexity=0", "--output-format=json"]
    command = [sys.executable, "-m", "ruff", "check", *options, *rule, folder]
    done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)  # noqa: S603 - no user input
    return [
        _complexity(root, finding)
        for finding in json.loads(done.stdout)
        if finding["code"] == "C901"
    ]


def _complexity(root: Path, finding: dict[str, Any]) -> Measured:
    found = re.fullmatch(r"`(.+)` is too complex \((\d+) > 0\)", finding["message"])
    if found is None:
        raise ValueError(f"ruff speaks another language: {finding['message']}")
    path = Path(finding["filename"]).relative_to(root).as_posix()
    return Measured(f"{path}:{finding['location']['row']}", found[1], int(found[2]))


def quantile(numbers: Sequence[int], share: float) -> int:
    """The member of *numbers* that is nearest to *share* of the way up; 0 of none."""
    if not numbers:
        return 0
    return sorted(numbers)[round(share * (len(numbers) - 1))]


def above(limit: int, measured: Sequence[Measured], unit: str = "lines") -> list[Offender]:
    """Those of more than *limit*, the worst first."""
    worst = sorted((m for m in measured if m.number > limit), key=lambda m: -m.number)
    return [Offender(m.place, m.name, f"{m.number} {unit}") for m in worst]
