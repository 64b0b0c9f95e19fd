"""Slim, frozen views of the Pods and Services that we watch: what decisions need, no more."""

import sys
from collections.abc import Sequence
from typing import NamedTuple

from daskop.api.labels import PodLabels
from daskop.api.meta import Manifest, Meta
from daskop.api.problem import Problem, problem_of
from daskop.api.wellknown import APPLIED_ANNOTATION, COMM_NAMES, TEMPLATE_ANNOTATION

ENDED = frozenset({"Succeeded", "Failed"})


class Pod(NamedTuple):
    """
    A Pod as decisions see it.

    Attributes:
        phase: ``status.phase``; ``Pending`` until the API says more.
        ready: Whether the condition ``Ready`` is true.
        started: When the Pod was accepted by a node (RFC 3339), or an empty string.
        finished: When its last container ended (RFC 3339), or what comes closest to it; empty
            while the Pod has not ended.
        reason: Why it ended, as ``Evicted``; empty if its containers did by themselves.
        labels: Those that selectors rest on.
        template: The digest of the template that it was made from, or an empty string.
        restarts: How often Dask's own container was started again: that with the comm port, or the
            first.
        problem: What keeps it from becoming ready, or made it fail, if it is told.
    """

    meta: Meta
    phase: str = "Pending"
    ready: bool = False
    started: str = ""
    finished: str = ""
    reason: str = ""
    labels: PodLabels = PodLabels()
    template: str = ""
    restarts: int = 0
    problem: Problem | None = None

    @classmethod
    def parse(cls, manifest: Manifest) -> "Pod":
        """Read a Pod that came from the API server."""
        status, metadata = manifest.get("status") or {}, manifest["metadata"]
        meta = Meta.parse(manifest)
        phase = sys.intern(status.get("phase", "Pending"))
        ready = _is_ready(status)
        return cls(  # by position, as Meta
            meta,
            phase,
            ready,
            status.get("startTime") or "",
            _finished(status, meta) if phase in ENDED else "",
            _reason(status) if phase in ENDED else "",
            PodLabels.of(metadata.get("labels") or {}),
            sys.intern((metadata.get("annotations") or {}).get(TEMPLATE_ANNOTATION, "")),
            _restarts(status, manifest.get("spec") or {}),
            None if ready or phase == "Succeeded" else problem_of(status),
        )

    @property
    def ended(self) -> bool:
        """Whether all its containers ended for good."""
        return self.phase in ENDED

    @property
    def alive(self) -> bool:
        """Whether it runs or still may: neither ended nor being deleted."""
        return not self.ended and not self.meta.deleting

    def is_outdated(self, template: str) -> bool:
        """Whether it was made from another *template*; of a Pod without the note nobody knows."""
        return self.template not in {"", template}


class Service(NamedTuple):
    """
    A Service as decisions see it.

    Attributes:
        spec: As stored, with what the server has allocated.
        labels: All of them.
        applied: The digest of the spec that was applied last, or an empty string.
    """

    meta: Meta
    spec: Manifest
    labels: Manifest
    applied: str

    @classmethod
    def parse(cls, manifest: Manifest) -> "Service":
        """Read a Service that came from the API server."""
        metadata = manifest["metadata"]
        return cls(
            Meta.parse(manifest),
            manifest.get("spec") or {},
            metadata.get("labels") or {},
            (metadata.get("annotations") or {}).get(APPLIED_ANNOTATION, ""),
        )


def _is_ready(status: Manifest) -> bool:
    for condition in status.get("conditions") or ():
        if condition["type"] == "Ready":
            return bool(condition["status"] == "True")
    return False


def _finished(status: Manifest, meta: Meta) -> str:
    """The last end of a container; of an evicted Pod there is none, but its conditions changed."""
    ends = [
        ((container.get("state") or {}).get("terminated") or {}).get("finishedAt") or ""
        for container in status.get("containerStatuses") or ()
    ]
    changes = [entry.get("lastTransitionTime") or "" for entry in status.get("conditions") or ()]
    return max(ends, default="") or max(changes, default="") or meta.created


def _reason(status: Manifest) -> str:
    for condition in status.get("conditions") or ():
        # Also of a Pod whose node is lost, of which nobody says more.
        if condition["type"] == "DisruptionTarget" and condition["status"] == "True":
            return str(status.get("reason") or condition.get("reason") or "Disrupted")
    return str(status.get("reason") or "")


def _restarts(status: Manifest, spec: Manifest) -> int:
    # By name: the kubelet tells of containers in an order of its own.
    name = _dask_container(spec.get("containers") or ())
    for container in status.get("containerStatuses") or ():
        if container["name"] == name:
            return int(container.get("restartCount", 0))
    return 0


def _dask_container(containers: Sequence[Manifest]) -> str:
    for container in containers:
        if any(port.get("name") in COMM_NAMES for port in container.get("ports") or ()):
            return str(container["name"])
    return str(containers[0]["name"]) if containers else ""
