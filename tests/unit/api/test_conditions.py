"""Conditions, as they are stored."""

from typing import Any

import pytest

from daskop.api.conditions import LONGEST_MESSAGE, condition, merge_conditions
from tests.unit.plan.ends import NOW


@pytest.mark.parametrize(
    ("length", "message"),
    [
        (LONGEST_MESSAGE, "x" * LONGEST_MESSAGE),
        (LONGEST_MESSAGE + 1, f"{'x' * 2043} ... {'x' * 2048}"),
        (1_000_000, f"{'x' * 2043} ... {'x' * 2048}"),
    ],
)
def test_a_message_is_cut(length: int, message: str) -> None:
    """
    What is too long lacks its middle, and cutting it once more changes nothing.
    """
    cut = condition("Ready", ("R", "x" * length), holds=False)

    assert message == cut["message"]
    assert cut == condition("Ready", ("R", message), holds=False)


THEIRS = {"type": "ReadyForUsers", "status": "True", "observedGeneration": 1}
OURS = {"type": "Ready", "status": "True", "reason": "R", "message": "m"}


@pytest.mark.parametrize("wanted", [[OURS], [OURS, THEIRS]])
def test_the_conditions_of_others_stay(wanted: list[dict[str, Any]]) -> None:
    """
    What another controller says of the object is kept as it is; of ours what is over goes.
    """
    stored: list[dict[str, Any]] = [
        {**OURS, "lastTransitionTime": "long ago"},
        THEIRS,
        {**OURS, "type": "Stalled"},
    ]

    merged = merge_conditions(wanted, stored, 7, NOW)

    ours = {**OURS, "observedGeneration": 7, "lastTransitionTime": "long ago"}
    assert [ours, THEIRS] == merged


def test_stalled_comes_first() -> None:
    """
    Kstatus goes by the first of Stalled and Reconciling, and both are true of what is refused.
    """
    wanted = [{**OURS, "type": type_} for type_ in ("Ready", "Reconciling", "Stalled")]

    merged = merge_conditions(wanted, (), 7, NOW)

    assert ["Stalled", "Ready", "Reconciling"] == [entry["type"] for entry in merged]
