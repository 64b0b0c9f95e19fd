"""Where the status of an object is written."""

import ast

from benchmarks.score.calls import dotted
from benchmarks.score.row import Offender
from benchmarks.score.tree import Module, Tree

WRITER = "StatusWriter"
RUNTIME = "src/daskop/runtime/"
LOOP = ast.For | ast.AsyncFor | ast.While | ast.ListComp | ast.SetComp | ast.GeneratorExp


def status_faults(tree: Tree) -> list[Offender]:
    """
    What is more, or less, than one call of a status writer's ``write``, in the runtime.

    A status writer is what has the type ``StatusWriter`` or is made by it, and what such a name is
    assigned to. Patches of the subresource ``"status"`` are counted too: there is one, in the class.
    """
    writes = [(m, call) for m in tree.source for call in _writes(m)]
    faults = [
        Offender(module.at(call), ast.unparse(call.func), "outside the runtime")
        for module, call in writes
        if not module.path.startswith(RUNTIME)
    ]
    faults += [
        Offender(module.at(call), ast.unparse(call.func), "in a loop")
        for module, call in writes
        if any(call in ast.walk(n) for n in ast.walk(module.syntax) if isinstance(n, LOOP))
    ]
    raw = [(m, call) for m in tree.source for call in _raw_writes(m)]
    return faults + _not_one("write", writes) + _not_one("subresource status", raw)


def _not_one(what: str, found: list[tuple[Module, ast.Call]]) -> list[Offender]:
    if not found:
        return [Offender(RUNTIME, what, "not there")]
    if len(found) == 1:
        return []
    return [Offender(m.at(c), ast.unparse(c.func), f"one of {len(found)}") for m, c in found]


def _writes(module: Module) -> list[ast.Call]:
    """The calls of ``write`` on a status writer."""
    writers = _writers(module)
    return [
        node
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "write"
        and _is_writer(node.func.value, writers)
    ]


def _is_writer(node: ast.expr, writers: set[str]) -> bool:
    if isinstance(node, ast.Call):
        return dotted(node.func)[-1] == WRITER
    return dotted(node)[-1] in writers


def _writers(module: Module) -> set[str]:
    """The names and attributes of a file that are status writers."""
    writers = set()
    for node in ast.walk(module.syntax):
        match node:
            case ast.arg(name, annotation) if annotation and _names_writer(annotation):
                writers.add(name)
            case ast.AnnAssign(target, annotation) if _names_writer(annotation):
                writers.add(dotted(target)[-1])
    assigned = [n for n in ast.walk(module.syntax) if isinstance(n, ast.Assign)]
    for node in assigned:
        if _is_writer(node.value, writers):
            writers |= {dotted(target)[-1] for target in node.targets}
    return writers


def _names_writer(annotation: ast.expr) -> bool:
    return WRITER in ast.unparse(annotation).replace(".", " ").split()


def _raw_writes(module: Module) -> list[ast.Call]:
    """The patches that name the subresource."""
    return [
        node
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.Call)
        and dotted(node.func)[-1] in {"merge_patch", "patch"}
        and any(isinstance(a, ast.Constant) and a.value == "status" for a in _all_arguments(node))
    ]


def _all_arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]
