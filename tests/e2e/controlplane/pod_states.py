"""States of Pods as schedulers and kubelets write them, for tests that play those."""

from typing import Any, Final

from tests.e2e.cluster.controlplane.api import Json

SCHEDULED: Final = {"type": "PodScheduled", "status": "True"}
READY: Final = [SCHEDULED, {"type": "Ready", "status": "True"}]


def unscheduled(message: str, reason: str = "Unschedulable") -> Json:
    """No node takes it, or it may not be scheduled yet."""
    entry = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
    return {"phase": "Pending", "conditions": [entry]}


def container(state: Json, **more: Any) -> Json:
    """The status of the container called scheduler."""
    required = {"image": "i", "imageID": "", "ready": False, "restartCount": 0}
    return {"name": "scheduler", **required, "state": state, **more}


def waiting(reason: str, message: str = "") -> Json:
    """A container that does not run yet, or not again."""
    return {"waiting": {"reason": reason, "message": message}}


def terminated(code: int, reason: str, message: str = "") -> Json:
    """A container that ended."""
    return {"terminated": {"exitCode": code, "reason": reason, "message": message}}


def on_a_node(*containers: Json, phase: str = "Pending") -> Json:
    """A Pod whose kubelet tells of its containers."""
    return {"phase": phase, "conditions": [SCHEDULED], "containerStatuses": list(containers)}
