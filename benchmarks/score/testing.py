"""The rows about the tests."""

import ast
from collections.abc import Sequence

from benchmarks.score.calls import calls, dotted, imports
from benchmarks.score.examples import Examples
from benchmarks.score.lines import count_all
from benchmarks.score.row import Offender, Row, all_of, yes_no
from benchmarks.score.tree import FunctionNode, Module, Tree

CONTRACT = "KubeContract"
TOOLS = ("tests.e2e.", "benchmarks.")
MOCKING = ("unittest.mock.", "mock.", "mocker.")
PER_TESTS = 100


def ratio(tree: Tree) -> Row:
    """
    All lines of tests/unit and tests/contracts, per line of the source.

    A file that imports the cluster tool or the benchmarks tests those and not the source: only the
    second figure has it.
    """
    whole = tree.under("tests/unit", "tests/contracts")
    ours = [m for m in whole if not any(i.full.startswith(TOOLS) for i in imports(m))]
    source = max(1, count_all(tree.source).total)
    value, with_tools = (count_all(modules).total / source for modules in (ours, whole))
    shown = f"{value:.2f} (with the tools' tests {with_tools:.2f})"
    ok = 1.2 <= value <= 2.0  # noqa: PLR2004 - the target, as it is shown
    return Row("test lines / source line", shown, "1.2-2.0", ok, _untested(tree, ours))


def _untested(tree: Tree, tests: Sequence[Module]) -> list[Offender]:
    """The files of the source that no test imports, the longest first."""
    known = {i.full for module in tests for i in imports(module)}
    known |= {name.rpartition(".")[0] for name in known}
    found = []
    for module in tree.source:
        name = module.path.removeprefix("src/").removesuffix(".py").replace("/", ".")
        if name.removesuffix(".__init__") not in known:
            found.append((len(module.text.splitlines()), module.path))
    worst = sorted(found, reverse=True)
    return [Offender(path, "imported by no unit test", f"{size} lines") for size, path in worst]


def mock_calls(tree: Tree) -> Row:
    """
    Calls of unittest.mock, of the package mock and of the fixture mocker, in all tests.

    pytest's monkeypatch is none: the sheet's figures of the anchors leave it out too.
    """
    found = [
        Offender(call.place, call.full)
        for module in tree.tests
        for call in calls(module)
        if call.full.startswith(MOCKING)
    ]
    number = PER_TESTS * len(found) / max(1, len(_tests(tree)))
    return Row("mock calls per 100 tests", f"{number:.3g}", "0", not found, found)


def sleeps(tree: Tree) -> Row:
    """Calls of anything that is called sleep, in tests/unit and in the contracts that run there."""
    found = [
        Offender(call.place, call.full)
        for module in tree.under("tests/unit", "tests/contracts")
        for call in calls(module)
        if call.full.rpartition(".")[2] == "sleep"
    ]
    return Row("sleeps in unit tests", str(len(found)), "0", not found, found)


def verified_fake(tree: Tree) -> list[Offender]:
    """What of the contract's two subclasses is not there: one for the fake, one for a server."""
    found = {
        folder: [
            node
            for module in tree.under(folder)
            for node in module.classes()
            if any(dotted(base)[-1] == CONTRACT for base in node.bases)
        ]
        for folder in ("tests/unit", "tests/e2e")
    }
    return [Offender(f, f"no subclass of {CONTRACT}") for f, nodes in found.items() if not nodes]


def sentences(tree: Tree) -> Row:
    """Whether every test has a docstring."""
    found = _tests(tree)
    silent = [Offender(module.at(t), t.name) for module, t in found if not ast.get_docstring(t)]
    return all_of("tests carry a sentence", len(found), "docstring, enforced", silent)


def examples(tree: Tree) -> Row:
    """Whether a test of tests/e2e uses every file of examples/, or the manifest it is a copy of."""
    every = Examples(tree)
    missing = [
        Offender(f"examples/{name}", "no test in tests/e2e uses it") for name in every.unused()
    ]
    if not every.names:
        missing = [Offender("examples", "has no file")]
    return yes_no("examples run in e2e", "yes, all", missing)


def _tests(tree: Tree) -> list[tuple[Module, FunctionNode]]:
    return [
        (module, node)
        for module in tree.tests
        for node in module.functions()
        if node.name.startswith("test_")
    ]
