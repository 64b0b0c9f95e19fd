"""Services as the API server gives them back."""

from typing import Any

from daskop.api.children import Service
from daskop.api.meta import Manifest
from tests.unit.plan.rfc7396 import applied

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


def served(wanted: Manifest, **spec: Any) -> Service:
    """The Service that was created as *wanted*, as the API server gives it back."""
    metadata = {**wanted["metadata"], "uid": "service-uid", "resourceVersion": "1"}
    given_back = {**DEFAULTS, **wanted["spec"], **spec}
    return Service.parse({"metadata": metadata, "spec": given_back})


def patched(live: Service, patch: Manifest) -> Service:
    """The Service that *live* becomes with *patch*."""
    metadata = patch["metadata"]
    return live._replace(
        spec=applied(live.spec, patch["spec"]),
        labels=applied(live.labels, metadata["labels"]),
        applied=metadata["annotations"]["kubernetes.dask.org/applied"],
    )
