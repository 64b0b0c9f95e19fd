"""The scheduler's Service: what it has to be, and what has to be mended in one that is there."""

from typing import Any

from daskop.api.children import Service
from daskop.api.cluster import DaskCluster
from daskop.api.meta import Manifest, NamespacedName
from daskop.api.resources import SERVICES
from daskop.api.wellknown import APPLIED_ANNOTATION, CLUSTER_NAME_LABEL, COMPONENT_LABEL, SCHEDULER
from daskop.plan.digest import digest
from daskop.plan.merge_patch import merge_patch
from daskop.plan.names import Naming
from daskop.plan.pod_template import inherited, metadata, reserved_labels
from daskop.plan.ports import comm_port, service_ports

ALLOCATED = frozenset(
    {
        "clusterIP",
        "clusterIPs",
        "healthCheckNodePort",
        "ipFamilies",
        "ipFamilyPolicy",
        "loadBalancerClass",
    }
)
"""Fields of a spec that the server or a load balancer fills in, and that cannot be taken back."""


def scheduler_address(cluster: DaskCluster) -> str:
    """Where workers and clients in Kubernetes connect; the cluster's domain is not assumed."""
    key = cluster.meta.key
    port = comm_port(cluster.spec.scheduler.service)
    return f"tcp://{Naming.service(key.name)}.{key.namespace}.svc:{port}"


def scheduler_service(cluster: DaskCluster) -> dict[str, Any]:
    """The scheduler's Service: the user's spec, selector and ports filled in where missing."""
    key, scheduler = cluster.meta.key, cluster.spec.scheduler
    spec = dict(scheduler.service)
    # What the user wrote is taken whole: half a selector of theirs and half of ours would select
    # nothing, and nobody would see why.
    if not spec.get("selector"):
        spec["selector"] = {CLUSTER_NAME_LABEL: key.name, COMPONENT_LABEL: SCHEDULER}
    if not spec.get("ports"):
        spec["ports"] = service_ports(scheduler.spec)
    return {
        "apiVersion": SERVICES.api_version,
        "kind": SERVICES.kind,
        "metadata": metadata(
            NamespacedName(key.namespace, Naming.service(key.name)),
            {**inherited(cluster.labels), **reserved_labels(key.name, SCHEDULER)},
            cluster.as_owner(),
            {**inherited(cluster.annotations), APPLIED_ANNOTATION: digest(spec)},
        ),
        "spec": spec,
    }


def service_changes(live: Service, wanted: Manifest) -> dict[str, Any]:
    """The merge patch that makes *live* the *wanted* Service in place; empty if it is that."""
    labels = merge_patch(live.labels, {**live.labels, **wanted["metadata"]["labels"]})
    annotations = wanted["metadata"]["annotations"]
    spec = wanted["spec"]
    same = live.applied == annotations[APPLIED_ANNOTATION] and _says(live.spec, spec)
    if same and live.spec.get("selector") == spec["selector"] and not labels:
        return {}
    given = {k: v for k, v in live.spec.items() if k in spec or k not in ALLOCATED}
    return {
        "metadata": {"labels": labels, "annotations": annotations},
        "spec": merge_patch(given, spec),
    }


def _says(live: Any, wanted: Any) -> bool:
    """Whether *live* says what is *wanted*, whatever the server has filled in."""
    # A field that is not there is one that the server does not know, and writing it again would not
    # change that; an empty one is left to the server.
    if isinstance(wanted, dict):
        return isinstance(live, dict) and all(
            _says(live[key], value) for key, value in wanted.items() if key in live and value
        )
    if isinstance(wanted, list):
        return isinstance(live, list) and len(live) == len(wanted) and all(map(_says, live, wanted))
    return bool(live == wanted)
