"""What to say when the API server refused a write: rights, quota, admission, a name that is taken."""

from datetime import datetime
from typing import Any

from daskop.api.conditions import condition, holds, merge_conditions
from daskop.api.kinds import AnyCustomResource
from daskop.api.meta import Manifest
from daskop.api.wellknown import COMPLETE, FAILED, READY, RECONCILING, REPLICA_FAILURE


def refused_status(
    planned: Manifest, stored: Manifest, reason: str, message: str, generation: int, now: datetime
) -> dict[str, Any]:
    """
    The *planned* status, corrected by what came of the plan.

    *message* is in the server's own words; transition times are those of the *stored* status.
    """
    told = {"reason": reason, "message": message}
    # Nothing that was planned to be waited for is in the way as much as this; but what has ended
    # waits for nothing.
    in_the_way: set[str] = set() if _has_ended(planned) else {READY, RECONCILING}
    conditions = [
        {**entry, **told, "status": "True" if entry["type"] == RECONCILING else "False"}
        if entry["type"] in in_the_way
        else entry
        for entry in planned.get("conditions") or ()
        if entry["type"] != REPLICA_FAILURE
    ]
    conditions.append(condition(REPLICA_FAILURE, holds=True, **told))
    merged = merge_conditions(conditions, stored.get("conditions") or (), generation, now)
    phase = {"phase": "Error"} if "phase" in planned else {}
    return {**planned, **phase, "conditions": merged}


def settled_status(ended: AnyCustomResource) -> dict[str, Any]:
    """The status of what has *ended*: as it is stored, but for a refusal that is over."""
    conditions = ended.status.get("conditions") or ()
    kept = [entry for entry in conditions if entry["type"] != REPLICA_FAILURE]
    # Whatever is edited now makes no difference any more: also that is seen.
    seen = {"observedGeneration": ended.meta.generation}
    return {**ended.status, **seen, "conditions": kept}


def _has_ended(status: Manifest) -> bool:
    conditions = status.get("conditions") or ()
    return holds(conditions, COMPLETE) or holds(conditions, FAILED)
