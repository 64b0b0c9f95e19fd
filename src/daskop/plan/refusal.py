"""What to say when the API server refused a write: rights, quota, admission, a name that is taken."""

from datetime import datetime
from typing import Any

from daskop.api.conditions import condition, holds, merge_conditions
from daskop.api.kinds import AnyCustomResource
from daskop.api.meta import Manifest
from daskop.api.wellknown import COMPLETE, FAILED, READY, RECONCILING, REPLICA_FAILURE, STALLED
from daskop.errors import InvalidError


def refused_status(
    planned: Manifest, stored: Manifest, reason: str, message: str, generation: int, now: datetime
) -> dict[str, Any]:
    """
    The *planned* status, corrected by what came of the plan.

    *message* is in the server's own words; transition times are those of the *stored* status.
    """
    refusal = condition(REPLICA_FAILURE, (reason, message), holds=True)
    told = {"reason": reason, "message": refusal["message"]}
    # Nothing that was planned to be waited for is in the way as much as this; but what has ended
    # waits for nothing.
    in_the_way: set[str] = set() if has_ended(planned) else {READY, RECONCILING}
    conditions = [
        {**entry, **told, "status": "True" if entry["type"] == RECONCILING else "False"}
        if entry["type"] in in_the_way
        else entry
        for entry in _without_refusal(planned)
    ]
    conditions.append(refusal)
    if reason == InvalidError.condition_reason and in_the_way:
        # Only its user can go on: Argo CD, Flux and helm --wait need not wait.
        conditions.append(condition(STALLED, (reason, message), holds=True))
    merged = merge_conditions(conditions, stored.get("conditions") or (), generation, now)
    phase = {"phase": "Error"} if "phase" in planned else {}
    return {**planned, **phase, "conditions": merged}


def is_stalled(child: AnyCustomResource) -> bool:
    """Whether *child* says, of its newest spec, that it does not go on until somebody acts."""
    seen = child.status.get("observedGeneration") == child.meta.generation
    return seen and holds(child.status, STALLED)


def settled_status(ended: AnyCustomResource) -> dict[str, Any]:
    """The status of what has *ended*: as it is stored, but for a refusal that is over."""
    kept = _without_refusal(ended.status)
    # Whatever is edited now makes no difference any more: also that is seen.
    seen = {"observedGeneration": ended.meta.generation}
    return {**ended.status, **seen, "conditions": kept}


def _without_refusal(status: Manifest) -> list[Manifest]:
    """The conditions of *status* but for those that an earlier refusal has added."""
    stalled = (STALLED, InvalidError.condition_reason)
    return [
        entry
        for entry in status.get("conditions") or ()
        if entry["type"] != REPLICA_FAILURE and (entry["type"], entry.get("reason")) != stalled
    ]


def has_ended(status: Manifest) -> bool:
    """Whether the end of a job is on record. It stays ended, even when its runner is deleted."""
    return holds(status, COMPLETE) or holds(status, FAILED)
