"""Services as the API server gives them back."""

from typing import Any

from daskop.api.children import Service
from daskop.api.meta import Manifest

DEFAULTS: dict[str, Any] = {
    "clusterIP": "10.0.0.7",
    "clusterIPs": ["10.0.0.7"],
    "internalTrafficPolicy": "Cluster",
    "ipFamilies": ["IPv4"],
    "ipFamilyPolicy": "SingleStack",
    "sessionAffinity": "None",
    "type": "ClusterIP",
}
"""What the API server fills in."""


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def served(wanted: Manifest, **spec: Any) -> Service:
    """The Service that was created as *wanted*, as the API server gives it back."""
    metadata = {**wanted["metadata"], "uid": "service-uid", "resourceVersion": "1"}
    given_back = {**DEFAULTS, **wanted["spec"], **spec}
    return Service.parse({"metadata": metadata, "spec": given_back})


def patched(live: Service, patch: Manifest) -> Service:
    """The Service that *live* becomes with *patch*."""
    metadata = patch["metadata"]
    return live._replace(
        spec=merged(live.spec, patch["spec"]),
        labels=merged(live.labels, metadata["labels"]),
        applied=metadata["annotations"]["kubernetes.dask.org/applied"],
    )
