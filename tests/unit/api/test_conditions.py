"""Conditions, as they are stored."""

import pytest

from daskop.api.conditions import LONGEST_MESSAGE, condition


@pytest.mark.parametrize(
    ("length", "message"),
    [
        (LONGEST_MESSAGE, "x" * LONGEST_MESSAGE),
        (LONGEST_MESSAGE + 1, f"{'x' * LONGEST_MESSAGE} ..."),
        (1_000_000, f"{'x' * LONGEST_MESSAGE} ..."),
    ],
)
def test_a_message_is_cut(length: int, message: str) -> None:
    """
    What is too long ends with dots, and cutting it once more changes nothing.
    """
    cut = condition("Ready", ("R", "x" * length), holds=False)

    assert message == cut["message"]
    assert cut == condition("Ready", ("R", message), holds=False)
