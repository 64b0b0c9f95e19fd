"""The rows about the shape of the source."""

import ast
import statistics

from benchmarks.score.functions import above, complexities, lengths, quantile
from benchmarks.score.lines import count, count_all
from benchmarks.score.row import Offender, Row, all_of, at_most
from benchmarks.score.tree import FunctionNode, Tree

SOURCE = "src/daskop"
BROAD = {"Exception", "BaseException"}


def function_rows(tree: Tree) -> list[Row]:
    """How long functions are, and how branched."""
    found = lengths(tree.source)
    numbers = [f.number for f in found]
    long = above(50, found)
    return [
        at_most("function median", quantile(numbers, 0.5), 8, above(8, found)),
        at_most("function p95", quantile(numbers, 0.95), 30, above(30, found)),
        at_most("function max", max(numbers, default=0), 50, long),
        at_most("functions over 50 lines", len(long), 0, long),
        complexity(tree),
    ]


def complexity(tree: Tree) -> Row:
    """How branched functions are."""
    found = complexities(tree.root, SOURCE) if tree.source else []
    p95 = quantile([f.number for f in found], 0.95)
    worst = max((f.number for f in found), default=0)
    ok = p95 <= 6 and worst <= 10  # noqa: PLR2004 - the target, as it is shown
    return Row("complexity p95 / max", f"{p95} / {worst}", "≤ 6 / 10", ok, above(6, found, "paths"))


def file_rows(tree: Tree) -> list[Row]:
    """How long files are, with all their lines."""
    sizes = {m.path: count(m).total for m in tree.source}
    worst = sorted(sizes.items(), key=lambda item: -item[1])

    def longer(limit: int) -> list[Offender]:
        return [Offender(path, "file", f"{size} lines") for path, size in worst if size > limit]

    median = statistics.median(sizes.values()) if sizes else 0
    return [
        at_most("file median", median, 130, longer(130)),
        at_most("file max", max(sizes.values(), default=0), 300, longer(300)),
    ]


def share_rows(tree: Tree) -> list[Row]:
    """Comments and docstrings, as lines relative to lines of code."""
    lines = count_all(tree.source)
    comments = 100 * lines.comments / max(1, lines.code)
    docstrings = 100 * lines.docstrings / max(1, lines.code)
    return [
        _between("comment share", comments, 6, 15, _shares(tree, "comments")),
        _between("docstring share", docstrings, 25, 45, _shares(tree, "docstrings")),
    ]


def _between(name: str, percent: float, low: int, high: int, shares: list[Offender]) -> Row:
    """A row with two bounds; too much is shown from the top, and too little from the bottom."""
    offenders = shares if percent < low else shares[::-1]
    return Row(name, f"{percent:.1f} %", f"{low}-{high} %", low <= percent <= high, offenders)


def _shares(tree: Tree, what: str) -> list[Offender]:
    """All files by their share, the smallest first; of equal ones the longest first."""
    found = []
    for module in tree.source:
        lines = count(module)
        number = lines.comments if what == "comments" else lines.docstrings
        found.append((100 * number / max(1, lines.code), -lines.code, module.path))
    return [
        Offender(path, what, f"{share:.0f} % of {-size}") for share, size, path in sorted(found)
    ]


def typed(tree: Tree) -> Row:
    """Whether every argument but self and cls has a type, and mypy is strict."""
    total, offenders = 0, []
    for module in tree.source:
        for node in module.functions():
            named = [a for a in _arguments(node) if a.arg not in {"self", "cls"}]
            total += len(named)
            bare = [a.arg for a in named if a.annotation is None]
            offenders += [Offender(module.at(node), f"{node.name}({name})") for name in bare]
    row = all_of("arguments typed", total, "100 %, strict", offenders)
    if tree.tools.get("mypy", {}).get("strict") is True:
        return row
    lax = Offender("pyproject.toml", "mypy is not strict")
    return Row(row.name, row.value, row.target, ok=False, offenders=[lax, *offenders])


def _arguments(node: FunctionNode) -> list[ast.arg]:
    return node.args.posonlyargs + node.args.args + node.args.kwonlyargs


def broad_excepts(tree: Tree) -> Row:
    """Handlers of all exceptions: each is named, however many there may be."""
    found = [
        Offender(module.at(node), "except " + (ast.unparse(node.type) if node.type else ""))
        for module in tree.source
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node.type)
    ]
    places = ", ".join(offender.place.removeprefix(f"{SOURCE}/") for offender in found)
    value = f"{len(found)}: {places}" if found else "0"
    return Row("broad excepts", value, "≤ 2, named", len(found) <= 2, found)  # noqa: PLR2004 - shown


def _is_broad(caught: ast.expr | None) -> bool:
    match caught:
        case None:
            return True
        case ast.Name(name) | ast.Attribute(_, name):
            return name in BROAD
        case ast.Tuple(members):
            return any(_is_broad(member) for member in members)
        case _:
            return False


def rows(tree: Tree) -> list[Row]:
    """All of them, in the sheet's order."""
    return [
        *function_rows(tree),
        *file_rows(tree),
        *share_rows(tree),
        typed(tree),
        broad_excepts(tree),
    ]
