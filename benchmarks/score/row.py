"""One line of the sheet, and who keeps it from its target."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Offender:
    """
    Something that is out of target.

    Attributes:
        place: ``file:line``, or a file.
        name: What it is called there.
        value: What was measured, if that is more than that it is there.
    """

    place: str
    name: str
    value: str = ""


@dataclass(frozen=True)
class Row:
    """
    One quality of the sheet.

    Attributes:
        name: As in the sheet.
        value: What was measured.
        target: As in the sheet.
        ok: Whether the one meets the other.
        offenders: The worst first; they are shown if the row is not ok.
    """

    name: str
    value: str
    target: str
    ok: bool
    offenders: Sequence[Offender] = ()


def at_most(name: str, value: float, limit: float, offenders: Sequence[Offender]) -> Row:
    """A row that is ok up to *limit*."""
    target = f"≤ {limit:g}" if limit else "0"
    return Row(name, f"{value:g}", target, value <= limit, offenders)


def all_of(name: str, total: int, target: str, offenders: Sequence[Offender]) -> Row:
    """A row that is ok if there is something, and nothing of it offends."""
    share = 100 * (1 - len(offenders) / total) if total else 0
    return Row(name, f"{share:.4g} % of {total}", target, not offenders and total > 0, offenders)


def yes_no(name: str, target: str, offenders: Sequence[Offender]) -> Row:
    """A row that is ok if nothing offends."""
    return Row(name, "no" if offenders else "yes", target, not offenders, offenders)
