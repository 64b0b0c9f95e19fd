"""The rows about the design: who may know whom, who may write, and what is written down."""

from typing import Any

from benchmarks.score.calls import imports
from benchmarks.score.errors import drawing_faults
from benchmarks.score.row import Offender, Row, yes_no
from benchmarks.score.status import status_faults
from benchmarks.score.testing import verified_fake
from benchmarks.score.tree import Tree

CLIENT = ("kubernetes", "urllib3")
SEAM = "src/daskop/kube/"
IMPURE = {"kubernetes", "logging", "os", "random", "socket", "subprocess", "threading", "time"}
ARCHITECTURE = "docs/architecture.md"
FIRST_FILE = "plan/worker_group.py"


def contracts(tree: Tree) -> list[dict[str, Any]]:
    """The contracts of import-linter."""
    found: list[dict[str, Any]] = tree.tools.get("importlinter", {}).get("contracts", [])
    return found


def layers(tree: Tree) -> Row:
    """How many contracts there are, one of which must be of layers."""
    found = contracts(tree)
    kinds = [str(contract.get("type")) for contract in found]
    offenders = [Offender("pyproject.toml", str(c.get("name")), str(c.get("type"))) for c in found]
    ok = len(found) >= 4 and "layers" in kinds  # noqa: PLR2004 - the target, as it is shown
    if "layers" not in kinds:
        offenders.insert(0, Offender("pyproject.toml", "no contract of layers"))
    return Row("layers checked by a tool", f"{len(found)} contracts", "4 contracts", ok, offenders)


def pure_decision(tree: Tree) -> Row:
    """Whether daskop.plan exists, and a contract keeps the world outside out of it."""
    offenders = []
    if not tree.under("src/daskop/plan"):
        offenders.append(Offender("src/daskop/plan", "does not exist"))
    forbidden = {
        module
        for contract in contracts(tree)
        if contract.get("type") == "forbidden" and "daskop.plan" in contract["source_modules"]
        for module in contract["forbidden_modules"]
    }
    allowed = sorted(IMPURE - forbidden)
    offenders += [Offender("pyproject.toml", f"daskop.plan may import {name}") for name in allowed]
    return yes_no("pure decision separate", "yes, package", offenders)


def seam(tree: Tree) -> Row:
    """Whether only daskop.kube imports the client, and its fake and a server keep one contract."""
    beside = [
        Offender(found.place, f"import {found.full}")
        for module in tree.source
        if not module.path.startswith(SEAM)
        for found in imports(module)
        if found.full.partition(".")[0] in CLIENT
    ]
    unverified = verified_fake(tree)
    parts = [f"{len(beside)} beside it" if beside else "one"]
    parts.append("not verified" if unverified else "verified")
    offenders = beside + unverified
    name = "single I/O seam with a fake"
    return Row(name, ", ".join(parts), "one, verified", not offenders, offenders)


def status(tree: Tree) -> Row:
    """Whether the status is written at one place of the runtime, once."""
    return yes_no("one status write per pass", "yes", status_faults(tree))


def errors(tree: Tree) -> Row:
    """Whether errors.py draws its tree as it is, and has all errors."""
    faults = drawing_faults(tree)
    value = "not as it is" if faults else "drawn"
    return Row("errors: tree in one place", value, "drawn", not faults, faults)


def document_rows(tree: Tree) -> list[Row]:
    """What a newcomer reads."""
    decisions = sorted((tree.root / "docs/decisions").glob("*.md"))
    page = tree.root / ARCHITECTURE
    text = page.read_text() if page.exists() else ""
    missing = [] if text.strip() else [Offender(ARCHITECTURE, "does not exist or is empty")]
    first = list(missing)
    if f"`{FIRST_FILE}`" not in text:
        first.append(Offender(ARCHITECTURE, f"does not name `{FIRST_FILE}`"))
    if not (tree.root / "src/daskop" / FIRST_FILE).exists():
        first.append(Offender(f"src/daskop/{FIRST_FILE}", "does not exist"))
    none = [] if decisions else [Offender("docs/decisions", "has no record")]
    return [
        Row("design documents kept", f"{len(decisions)} records", "decisions/", not none, none),
        yes_no("architecture page", "architecture.md", missing),
        yes_no("newcomer's first file", f"architecture.md → {FIRST_FILE}", first),
    ]
