"""Conditions in the form of ``metav1.Condition``, and the rule for their transition time."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from daskop.api.meta import Manifest
from daskop.api.schema import ApiModel
from daskop.api.wellknown import CONDITION_TYPES, STALLED

CUT = " ... "
"""In place of the middle of a message that is too long."""

LONGEST_MESSAGE = 4096
"""Characters: a server may quote a whole spec, and a status that is too long would be refused."""


class Condition(ApiModel):
    """One observation about an object."""

    type: str = Field(description="What is observed, e.g. Ready.", max_length=316)
    status: Literal["True", "False", "Unknown"] = Field(description="Whether it holds.")
    observed_generation: int = Field(
        default=0, description="The metadata.generation that this was derived from.", ge=0
    )
    last_transition_time: datetime = Field(description="When the status last changed.")
    reason: str = Field(description="Why, in one CamelCase word.", min_length=1, max_length=1024)
    message: str = Field(default="", description="Why, in a sentence.", max_length=32768)


def rfc3339(moment: datetime) -> str:
    """The API's form of a time: UTC, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def condition(type_: str, why: tuple[str, str], *, holds: bool) -> dict[str, Any]:
    """A condition of reason and message, without its times, which :func:`merge_conditions` adds."""
    reason, message = why
    told = shortened(message, LONGEST_MESSAGE)
    return {"type": type_, "status": str(holds), "reason": reason, "message": told}


def shortened(message: str, longest: int) -> str:
    """*message* in at most *longest* characters: what a server quotes stands before what is wrong."""
    if len(message) <= longest:
        return message
    tail = longest // 2
    return f"{message[: longest - tail - len(CUT)]}{CUT}{message[-tail:]}"


def merge_conditions(
    wanted: Iterable[Manifest], old: Iterable[Manifest], generation: int, now: datetime
) -> list[dict[str, Any]]:
    """
    The full list to store: *wanted*, each with the generation it was derived from, and those of
    *old* that others write.

    A condition whose status is the same as in *old* keeps its transition time, so that saying
    the same thing again makes no difference and hence no write.
    """
    # metav1.Condition: the time is that of the last change of the status, not of the reason.
    before = {entry["type"]: entry for entry in old}
    merged = []
    for entry in wanted:
        if entry["type"] not in CONDITION_TYPES:
            continue
        last = before.get(entry["type"], {})
        same = last.get("status") == entry["status"]
        since = last.get("lastTransitionTime") if same else None
        merged.append(
            {**entry, "observedGeneration": generation, "lastTransitionTime": since or rfc3339(now)}
        )
    # kstatus goes by the first of Stalled and Reconciling: what is stalled is in progress, too.
    merged.sort(key=lambda entry: entry["type"] != STALLED)
    return [*merged, *(dict(entry) for entry in old if entry["type"] not in CONDITION_TYPES)]


def found(status: Manifest, type_: str) -> Manifest:
    """The condition *type_* of a *status*; empty if there is none."""
    conditions = status.get("conditions") or ()
    return next((entry for entry in conditions if entry["type"] == type_), {})


def holds(status: Manifest, type_: str) -> bool:
    """Whether the condition *type_* of a *status* is there and True."""
    return found(status, type_).get("status") == "True"
