"""Whether the tree of errors is drawn in the module that has it, and drawn right."""

import ast
import builtins
import re

from benchmarks.score.calls import dotted
from benchmarks.score.row import Offender
from benchmarks.score.tree import Module, Tree

HOME = "src/daskop/errors.py"
BRANCH = re.compile(r"^([ │]*)(?:[├└]── )?(\w+Error)\b")


def drawing_faults(tree: Tree) -> list[Offender]:
    """Errors that are not drawn, drawn elsewhere in the tree, drawn only, or not in the module."""
    homes = [module for module in tree.source if module.path == HOME]
    if not homes:
        return [Offender(HOME, "does not exist")]
    (home,) = homes
    real = {node.name: _base(node) for node in home.classes()}
    drawn = _drawn(home)
    faults = [
        Offender(home.at(node), node.name, _fault(node.name, real, drawn))
        for node in home.classes()
        if drawn.get(node.name) != (real[node.name] if real[node.name] in real else "")
    ]
    faults += [Offender(HOME, name, "drawn, but no class") for name in drawn if name not in real]
    return faults + _strangers(tree, set(real))


def _base(node: ast.ClassDef) -> str:
    return dotted(node.bases[0])[-1] if node.bases else ""


def _fault(name: str, real: dict[str, str], drawn: dict[str, str]) -> str:
    if name not in drawn:
        return "is not drawn"
    return f"drawn below {drawn[name] or 'nothing'}, but is a {real[name]}"


def _drawn(module: Module) -> dict[str, str]:
    """
    The parents of what the module's docstring draws; the root has none.

    The parent is the nearest line above whose name stands further left.
    """
    parents: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in (ast.get_docstring(module.syntax) or "").splitlines():
        found = BRANCH.match(line)
        if found is None:
            continue
        column, name = found.start(2), found[2]
        above = [(c, n) for c, n in above if c < column]
        parents[name] = above[-1][1] if above else ""
        above.append((column, name))
    return parents


def _strangers(tree: Tree, known: set[str]) -> list[Offender]:
    """Classes of errors that are made elsewhere."""
    return [
        Offender(module.at(node), node.name, "is not in errors.py")
        for module in tree.source
        if module.path != HOME
        for node in module.classes()
        if _base(node) in known or _is_builtin_error(_base(node))
    ]


def _is_builtin_error(name: str) -> bool:
    found = getattr(builtins, name, None)
    return isinstance(found, type) and issubclass(found, BaseException)
