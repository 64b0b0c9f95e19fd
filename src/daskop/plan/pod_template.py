"""From a user's PodSpec to a Pod: what the operator adds, and nothing else."""

from collections.abc import Iterator
from typing import Any

from daskop.api.children import Pod
from daskop.api.kinds import AnyCustomResource
from daskop.api.labels import SELECTED_BY, PodLabels
from daskop.api.meta import Manifest, NamespacedName, OwnerReference
from daskop.api.podspec import TemplateMetadata
from daskop.api.resources import PODS
from daskop.api.wellknown import ISTIO_INJECT_LABEL, TEMPLATE_ANNOTATION
from daskop.plan.actions import Delete, Patch
from daskop.plan.probes import lifted_probes

ONES_OWN = (
    "app.kubernetes.io/",
    "applyset.kubernetes.io/",
    "argocd.argoproj.io/",
    "dask.org/",
    "helm.sh/",
    "kapp.k14s.io/",
    "kubectl.kubernetes.io/",
    "kubernetes.dask.org/",
    "kueue.x-k8s.io/",
    "kustomize.toolkit.fluxcd.io/",
    "meta.helm.sh/",
    "objectset.rio.cattle.io/",
)
"""What tools note on the object that they manage: on a child it would be managed, or pruned, too."""


def inherited(entries: Manifest) -> dict[str, str]:
    """The labels or annotations of an object of ours that its children get, too."""
    return {k: v for k, v in entries.items() if not k.startswith(ONES_OWN)}


def metadata(
    key: NamespacedName, labels: Manifest, owner: OwnerReference, annotations: Manifest
) -> dict[str, Any]:
    """The metadata of a child."""
    entries: dict[str, Any] = {
        "name": key.name,
        "namespace": key.namespace,
        "labels": dict(labels),
        "ownerReferences": [owner.manifest()],
    }
    if annotations:
        entries["annotations"] = dict(annotations)
    return entries


def pod(
    key: NamespacedName,
    spec: Manifest,
    user: TemplateMetadata,
    reserved: Manifest,
    owner: AnyCustomResource,
) -> dict[str, Any]:
    """A Pod of *spec* with the user's labels and annotations and our *reserved* labels."""
    # A mesh's proxy between Dask's processes breaks its protocol; who knows better may override it.
    own = {k: v for k, v in user.labels.items() if k not in SELECTED_BY}
    labels = {ISTIO_INJECT_LABEL: "false", **inherited(owner.labels), **own, **reserved}
    annotations = {**inherited(owner.annotations), **user.annotations}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(key, labels, owner.as_owner(), annotations),
        "spec": {**spec, **lifted_probes(spec)},
    }


def marked(pod: dict[str, Any], template: str) -> dict[str, Any]:
    """*pod* with a note of the *template*, a digest, that it is made from."""
    pod["metadata"].setdefault("annotations", {})[TEMPLATE_ANNOTATION] = template
    return pod


def mended(pod: Pod, labels: PodLabels, template: str | None) -> Iterator[Delete | Patch]:
    """
    What a living *pod* needs to be as wanted: labels, or to go if it has not run yet.

    None is a *template* that nobody knows, for want of the scheduler's address.
    """
    if pod.phase == "Pending" and template is not None and pod.is_outdated(template):
        # As it was seen: one that has begun meanwhile may have something to lose.
        yield Delete(PODS, pod.meta.key, pod.meta.uid, pod.meta.resource_version)
    elif pod.labels != labels:
        wanted = dict(zip(SELECTED_BY, (value or None for value in labels), strict=True))
        yield Patch(PODS, pod.meta, {"metadata": {"labels": wanted}})


def with_env(spec: Manifest, variables: Manifest) -> dict[str, Any]:
    """Return *spec* with *variables* in each container that does not set them itself."""
    return {**spec, "containers": [_add_env(c, variables) for c in spec["containers"]]}


def _add_env(container: Manifest, variables: Manifest) -> dict[str, Any]:
    present = list(container.get("env") or ())
    names = {entry["name"] for entry in present}
    # Ours come first: $(DASK_WORKER_NAME) in a value of the user's sees only earlier entries.
    added = [{"name": n, "value": v} for n, v in variables.items() if n not in names]
    return {**container, "env": [*added, *present]}
