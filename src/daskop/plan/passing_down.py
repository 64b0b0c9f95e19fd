"""How a spec is passed down to a child of our own kinds, whose replicas have two hands on them."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from daskop.api.cluster import DaskCluster
from daskop.api.meta import HasMeta, Manifest, Meta
from daskop.api.resources import Resource
from daskop.api.wellknown import PASSED_REPLICAS_ANNOTATION
from daskop.api.worker_group import DaskWorkerGroup
from daskop.plan.actions import Action, Create, Patch
from daskop.plan.merge_patch import merge_patch
from daskop.plan.observed import is_own

C = TypeVar("C", bound=HasMeta)


def made_or_mended(
    resource: Resource,
    owner: Meta,
    child: C | None,
    wanted: dict[str, Any],
    changes: Callable[[C, Manifest], dict[str, Any]],
) -> Iterator[Action]:
    """Create the *wanted* child, or patch the owner's own; one that is not its own is left alone."""
    if child is None:
        yield Create(resource, wanted, owner.uid)
    elif is_own(owner, child):
        body = changes(child, wanted)
        if body:
            yield Patch(resource, child.meta, body)


def child_changes(child: DaskCluster | DaskWorkerGroup, wanted: Manifest) -> dict[str, Any]:
    """
    The merge patch that makes *child* the *wanted* one; empty if it is that.

    Its number of workers is only changed if the one that was passed down last is another: what
    ``kubectl scale`` or an HPA gave it would be undone by the next pass otherwise.
    """
    spec, labels = wanted["spec"], wanted["metadata"]["labels"]
    annotations = wanted["metadata"]["annotations"]
    # As text, since anybody may edit the note.
    passed = child.annotations.get(PASSED_REPLICAS_ANNOTATION)
    if passed == annotations[PASSED_REPLICAS_ANNOTATION]:
        worker = {**spec["worker"], "replicas": child.spec.worker.replicas}
        spec = {**spec, "worker": worker}
    return merge_patch(
        {
            "metadata": {"labels": child.labels, "annotations": child.annotations},
            "spec": child.spec.model_dump(mode="json", by_alias=True),
        },
        {
            "metadata": {
                "labels": {**child.labels, **labels},
                "annotations": {**child.annotations, **annotations},
            },
            "spec": spec,
        },
    )
