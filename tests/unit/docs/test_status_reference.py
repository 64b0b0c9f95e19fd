"""docs/reference/status.md names what the code says, and nothing else."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from daskop.api import wellknown
from daskop.api.crd import KINDS
from daskop.api.kinds import Kind
from daskop.errors import TOLD

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference" / "status.md").read_text()
PLANS = sorted((ROOT / "src" / "daskop" / "plan").glob("*.py"))
WORD = re.compile(r"`(\w+)`")


def section(title: str) -> set[str]:
    """The words in the first column of the table below *title*."""
    part = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    return {word for row in rows for word in WORD.findall(row)}


def first_arguments(function: str) -> set[str]:
    """The first argument of each call of *function* in ``plan``, where it is a word."""
    return {
        str(call.args[0].value)
        for file in PLANS
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == function
        and isinstance(call.args[0], ast.Constant)
    }


def test_each_event_is_explained() -> None:
    """
    Every reason that a plan or a refusal tells is in the table of events.
    """
    refusals = {e.condition_reason for base in TOLD for e in (base, *base.__subclasses__())}
    scaled, moved = {"ScaledUp", "ScaledDown"}, {wellknown.PROBE_FIELDS_MOVED}

    assert first_arguments("Event") | refusals | scaled | moved == section("Events")


def test_each_obstacle_is_explained() -> None:
    """
    Every reason of a condition that does not hold is in the table that a user looks it up in.
    """
    holds = {"Ready", "RunnerRunning", "SchedulerReady", "SchedulerRestarted"}
    told = first_arguments("Obstacle") - holds

    assert told <= section("Why is it not up?")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.resource.kind)
def test_each_field_is_explained(kind: Kind[Any]) -> None:
    """
    Every field of a status is in the table of fields.
    """
    fields = {str(field.alias) for field in kind.status.model_fields.values()}

    assert fields - {"observedGeneration", "conditions"} <= section("Fields")
