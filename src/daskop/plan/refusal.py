"""What to say when the API server refused a write: rights, quota, admission, a name that is taken."""

from datetime import datetime
from typing import Any

from daskop.api.conditions import condition, merge_conditions
from daskop.api.meta import Manifest
from daskop.api.wellknown import READY, RECONCILING, REPLICA_FAILURE


def refused_status(
    planned: Manifest, stored: Manifest, reason: str, message: str, generation: int, now: datetime
) -> dict[str, Any]:
    """
    The *planned* status, corrected by what came of the plan.

    *message* is in the server's own words; transition times are those of the *stored* status.
    """
    told = {"reason": reason, "message": message}
    # Nothing that was planned to be waited for is in the way as much as this.
    conditions = [
        {**entry, **told, "status": "True" if entry["type"] == RECONCILING else "False"}
        if entry["type"] in {READY, RECONCILING}
        else entry
        for entry in planned.get("conditions") or ()
        if entry["type"] != REPLICA_FAILURE
    ]
    conditions.append(condition(REPLICA_FAILURE, holds=True, **told))
    merged = merge_conditions(conditions, stored.get("conditions") or (), generation, now)
    phase = {"phase": "Error"} if "phase" in planned else {}
    return {**planned, **phase, "conditions": merged}
