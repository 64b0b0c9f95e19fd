"""What the chart and the overlays render, made comparable."""

from collections.abc import Iterable
from typing import Any

import yaml

from tests.e2e.cluster.manifests import kustomize
from tests.e2e.controlplane.helm import Helm

Objects = dict[tuple[str, ...], dict[str, Any]]

ADDED = {
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/version",
    "helm.sh/chart",
    "helm.sh/resource-policy",
}
"""Labels and annotations that only the chart gives."""


def key(found: dict[str, Any]) -> tuple[str, ...]:
    """What tells an object from others."""
    metadata = found["metadata"]
    return found["apiVersion"], found["kind"], metadata.get("namespace", ""), metadata["name"]


def levelled(objects: Iterable[dict[str, Any]]) -> Objects:
    """*objects* without what only one of the two makes."""
    found = [one for one in objects if one["kind"] != "Namespace"]  # helm has --create-namespace
    for one in found:
        for field in ("labels", "annotations"):
            kept = {k: v for k, v in one["metadata"].pop(field, {}).items() if k not in ADDED}
            one["metadata"] |= {field: kept} if kept else {}
        if one["kind"] == "Deployment":
            resolve(one)
    assert len(found) == len({key(one) for one in found})
    return {key(one): one for one in found}


def resolve(deployment: dict[str, Any]) -> None:
    """Put the namespace in place of the reference to it; the chart has a list of them."""
    own = {"fieldRef": {"fieldPath": "metadata.namespace"}}
    for variable in container(deployment).get("env", []):
        if variable.get("valueFrom") == own:
            variable["value"] = deployment["metadata"]["namespace"]
            del variable["valueFrom"]


def overlay(*names: str) -> Objects:
    """What kubectl renders."""
    return levelled(found for name in names for found in yaml.safe_load_all(kustomize(name)))


def container(deployment: dict[str, Any]) -> dict[str, Any]:
    (found,) = deployment["spec"]["template"]["spec"]["containers"]
    return dict(found)


def deployment(helm: Helm, *values: str) -> dict[str, Any]:
    (found,) = (one for one in helm.template(*values) if one["kind"] == "Deployment")
    return found
