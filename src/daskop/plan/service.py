"""The scheduler's Service: what it has to be, and what has to be mended in one that is there."""

from typing import Any

from daskop.api.children import Service
from daskop.api.cluster import DaskCluster
from daskop.api.labels import reserved_labels
from daskop.api.meta import Manifest, NamespacedName
from daskop.api.resources import SERVICES
from daskop.api.wellknown import APPLIED_ANNOTATION, CLUSTER_NAME_LABEL, COMPONENT_LABEL, SCHEDULER
from daskop.plan.digest import digest
from daskop.plan.merge_patch import merge_patch
from daskop.plan.names import Naming
from daskop.plan.pod_template import inherited, metadata
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

USERS_OWN = ("externalIPs", "loadBalancerIP", "loadBalancerSourceRanges")
"""Optional fields that no server drops: where they are not, somebody has taken them away."""


def scheduler_address(cluster: DaskCluster) -> str:
    """Where workers and clients in Kubernetes connect; the cluster's domain is not assumed."""
    key = cluster.meta.key
    port = comm_port(cluster.spec.scheduler.service)
    return f"tcp://{Naming.service(key.name)}.{key.namespace}.svc:{port}"


def service_key(cluster: DaskCluster) -> NamespacedName:
    """Where the scheduler's Service stands."""
    key = cluster.meta.key
    return NamespacedName(key.namespace, Naming.service(key.name))


def scheduler_service(cluster: DaskCluster) -> dict[str, Any]:
    """The scheduler's Service: the user's spec, selector and ports filled in where missing."""
    key, scheduler = cluster.meta.key, cluster.spec.scheduler
    spec = dict(scheduler.service)
    # What the user wrote is taken whole: half a selector of theirs and half of ours would select
    # nothing, and nobody would see why.
    if not spec.get("selector"):
        spec["selector"] = {CLUSTER_NAME_LABEL: key.name, COMPONENT_LABEL: SCHEDULER}
    # Said, so that a type that somebody else gives it, which may expose it, is put right.
    if not spec.get("type"):
        spec["type"] = "ClusterIP"
    if not spec.get("ports"):
        spec["ports"] = service_ports(scheduler.spec)
    notes = inherited(cluster.annotations)
    return {
        "apiVersion": SERVICES.api_version,
        "kind": SERVICES.kind,
        "metadata": metadata(
            service_key(cluster),
            {**inherited(cluster.labels), **reserved_labels(key.name, SCHEDULER)},
            cluster.as_owner(),
            {**notes, APPLIED_ANNOTATION: digest({"spec": spec, "annotations": notes})},
        ),
        "spec": spec,
    }


def service_changes(live: Service, wanted: Manifest) -> dict[str, Any]:
    """The merge patch that makes *live* the *wanted* Service in place; empty if it is that."""
    labels = merge_patch(live.labels, {**live.labels, **wanted["metadata"]["labels"]})
    annotations = wanted["metadata"]["annotations"]
    spec = wanted["spec"]
    same = live.applied == annotations[APPLIED_ANNOTATION] and _is_said(live.spec, spec)
    if same and not labels:
        return {}
    # Of what is allocated only that is given which is not there already: the server adds to it.
    there = _trimmed(live.spec, spec)
    asked = {k: v for k, v in spec.items() if k not in ALLOCATED or not _says(there.get(k), v)}
    given = {k: v for k, v in live.spec.items() if k in asked or k not in ALLOCATED}
    return {
        "metadata": {"labels": labels, "annotations": annotations},
        "spec": merge_patch(given, asked),
    }


def _is_said(live: Manifest, wanted: Manifest) -> bool:
    """Whether the spec *live* says what is *wanted*, whatever the server has filled in."""
    if live.get("selector") != wanted["selector"]:
        return False
    if any(wanted.get(field) and field not in live for field in USERS_OWN):
        return False
    return _says(_trimmed(live, wanted), wanted)


def _trimmed(live: Manifest, wanted: Manifest) -> dict[str, Any]:
    """*live* without the second address and family that the server has added to the *wanted*."""
    lists = [
        k for k in ("clusterIPs", "ipFamilies") if k in live and isinstance(wanted.get(k), list)
    ]
    return {**live, **{k: live[k][: len(wanted[k])] for k in lists}}


def _says(live: Any, wanted: Any) -> bool:
    # A field that is not there is one that the server does not know, and writing it again would not
    # change that; an empty one is left to the server.
    if isinstance(wanted, dict):
        return isinstance(live, dict) and all(
            _says(live[key], value) for key, value in wanted.items() if key in live and value
        )
    if isinstance(wanted, list):
        return isinstance(live, list) and len(live) == len(wanted) and all(map(_says, live, wanted))
    return bool(live == wanted)
