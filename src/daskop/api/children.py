"""Slim, frozen views of the Pods and Services that we watch: what decisions need, no more."""

import sys
from typing import NamedTuple

from daskop.api.meta import Manifest, Meta
from daskop.api.wellknown import CLUSTER_NAME_LABEL

ENDED = frozenset({"Succeeded", "Failed"})


class Pod(NamedTuple):
    """
    A Pod as decisions see it.

    Attributes:
        phase: ``status.phase``; ``Pending`` until the API says more.
        ready: Whether the condition ``Ready`` is true.
        started: When the Pod was accepted by a node (RFC 3339), or an empty string.
        finished: When its last container ended (RFC 3339); empty until all have.
        cluster: The Dask cluster that its label names, or an empty string.
    """

    meta: Meta
    phase: str
    ready: bool
    started: str
    finished: str
    cluster: str

    @classmethod
    def parse(cls, manifest: Manifest) -> "Pod":
        """Read a Pod that came from the API server."""
        status = manifest.get("status") or {}
        # One string for all Pods: five words would be stored a thousand times.
        phase = sys.intern(status.get("phase", "Pending"))
        return cls(
            meta=Meta.parse(manifest),
            phase=phase,
            ready=_is_ready(status),
            started=status.get("startTime") or "",
            finished=_finished(status) if phase in ENDED else "",
            cluster=(manifest["metadata"].get("labels") or {}).get(CLUSTER_NAME_LABEL, ""),
        )

    @property
    def ended(self) -> bool:
        """Whether all its containers ended for good."""
        return self.phase in ENDED

    @property
    def alive(self) -> bool:
        """Whether it runs or still may: neither ended nor being deleted."""
        return not self.ended and not self.meta.deleting


class Service(NamedTuple):
    """A Service as decisions see it: whose it is."""

    meta: Meta

    @classmethod
    def parse(cls, manifest: Manifest) -> "Service":
        """Read a Service that came from the API server."""
        return cls(Meta.parse(manifest))


def _is_ready(status: Manifest) -> bool:
    for condition in status.get("conditions") or ():
        if condition["type"] == "Ready":
            return bool(condition["status"] == "True")
    return False


def _finished(status: Manifest) -> str:
    ends = [
        container.get("state", {}).get("terminated", {}).get("finishedAt") or ""
        for container in status.get("containerStatuses") or ()
    ]
    return max(ends, default="")
