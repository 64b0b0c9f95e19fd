"""Reads ResourceQuotas, whose numbers are Kubernetes quantities."""

from kubernetes.utils.quantity import parse_quantity

from daskop.api.meta import Manifest, Meta
from daskop.api.quota import Quota


def parse_quota(manifest: Manifest) -> Quota:
    """Read a ResourceQuota that came from the API server."""
    status = manifest.get("status") or {}
    used = status.get("used") or {}
    # By the status: a limit holds from when the quota's controller has written it there.
    room = {
        name: parse_quantity(hard) - parse_quantity(used.get(name, "0"))  # type: ignore[no-untyped-call]
        for name, hard in (status.get("hard") or {}).items()
    }
    return Quota(Meta.parse(manifest), room)
