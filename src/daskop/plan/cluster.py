"""The plan of a DaskCluster: scheduler Pod, Service and default worker group."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from daskop.api.children import Pod, Service
from daskop.api.cluster import DaskCluster
from daskop.api.conditions import condition, merge_conditions
from daskop.api.meta import HasMeta, NamespacedName
from daskop.api.resources import PODS, SERVICES, WORKER_GROUPS
from daskop.api.wellknown import (
    API_VERSION,
    CLUSTER_NAME_LABEL,
    COMPONENT_LABEL,
    PASSED_REPLICAS_ANNOTATION,
    READY,
    RECONCILING,
    SCHEDULER,
    SCHEDULER_READY,
    WORKER_GROUP,
)
from daskop.api.worker_group import DaskWorkerGroup
from daskop.plan.actions import LOOK_AGAIN, Action, Create, Delete, Patch, Plan
from daskop.plan.names import Naming
from daskop.plan.pod_template import metadata, pod, reserved_labels
from daskop.plan.ports import comm_port, service_ports
from daskop.plan.worker_group import worker_selector


@dataclass(frozen=True, slots=True)
class ObservedCluster:
    """A cluster and what stands under the names of its children, ours or not."""

    cluster: DaskCluster
    scheduler: Pod | None
    service: Service | None
    group: DaskWorkerGroup | None


def plan_cluster(observed: ObservedCluster, now: datetime) -> Plan:
    """Compare what a cluster needs with what is there."""
    if observed.cluster.meta.deleting:
        return Plan()  # its children go by garbage collection
    return Plan(
        actions=tuple(_actions(observed)),
        status=cluster_status(observed, now),
        requeue_after=LOOK_AGAIN if _blocked(observed) else None,
    )


def scheduler_address(cluster: DaskCluster) -> str:
    """Where workers and clients in Kubernetes connect; the cluster's domain is not assumed."""
    key = cluster.meta.key
    port = comm_port(cluster.spec.scheduler.service)
    return f"tcp://{Naming.service(key.name)}.{key.namespace}.svc:{port}"


def _actions(observed: ObservedCluster) -> Iterator[Action]:
    cluster, scheduler, group = observed.cluster, observed.scheduler, observed.group
    uid = cluster.meta.uid
    # A name that is taken, by whomever, is left alone here; _blocked has the pass made again.
    if scheduler is None:
        yield Create(PODS, scheduler_pod(cluster), uid)
    # An ended Pod does not start again: a new one takes its name once it is gone. What the old
    # scheduler knew is lost with it.
    elif scheduler.meta.controlled_by(uid) and scheduler.ended and not scheduler.meta.deleting:
        yield Delete(PODS, scheduler.meta.key, scheduler.meta.uid)
    if observed.service is None:
        yield Create(SERVICES, scheduler_service(cluster), uid)
    if group is None:
        yield Create(WORKER_GROUPS, default_group(cluster), uid)
    # Only a number that was changed here is passed down: kubectl scale on the group, or an HPA,
    # would be undone by the next pass otherwise.
    elif _ours(cluster, group) and not _passed(group, cluster.spec.worker.replicas):
        yield Patch(WORKER_GROUPS, group.meta, _pass_replicas(cluster.spec.worker.replicas))


def _ours(cluster: DaskCluster, child: HasMeta | None) -> bool:
    """Whether *child* is the cluster's and stays: one that is going must be waited out."""
    return (
        child is not None and child.meta.controlled_by(cluster.meta.uid) and not child.meta.deleting
    )


def _blocked(observed: ObservedCluster) -> bool:
    children = (observed.scheduler, observed.service, observed.group)
    return any(c is not None and not _ours(observed.cluster, c) for c in children)


def _passed(group: DaskWorkerGroup, replicas: int) -> bool:
    """Whether *replicas* is what was passed down last; as text, since anybody may edit the note."""
    return bool(group.annotations.get(PASSED_REPLICAS_ANNOTATION) == str(replicas))


def _pass_replicas(replicas: int) -> dict[str, Any]:
    return {
        "metadata": {"annotations": {PASSED_REPLICAS_ANNOTATION: str(replicas)}},
        "spec": {"worker": {"replicas": replicas}},
    }


def scheduler_pod(cluster: DaskCluster) -> dict[str, Any]:
    """The scheduler's Pod."""
    key = cluster.meta.key
    return pod(
        NamespacedName(key.namespace, Naming.scheduler(key.name)),
        cluster.spec.scheduler.spec,
        cluster.spec.scheduler.metadata,
        reserved_labels(key.name, SCHEDULER),
        cluster.as_owner(),
    )


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
            reserved_labels(key.name, SCHEDULER),
            cluster.as_owner(),
            {},
        ),
        "spec": spec,
    }


def default_group(cluster: DaskCluster) -> dict[str, Any]:
    """The default worker group."""
    key, worker = cluster.meta.key, cluster.spec.worker
    return {
        "apiVersion": API_VERSION,
        "kind": WORKER_GROUPS.kind,
        "metadata": metadata(
            NamespacedName(key.namespace, Naming.default_group(key.name)),
            reserved_labels(key.name, WORKER_GROUP),
            cluster.as_owner(),
            {PASSED_REPLICAS_ANNOTATION: str(worker.replicas)},
        ),
        "spec": {
            "cluster": key.name,
            "worker": worker.model_dump(mode="json", by_alias=True),
        },
    }


def cluster_status(observed: ObservedCluster, now: datetime) -> dict[str, Any]:
    """What to say about the cluster."""
    cluster = observed.cluster
    group = observed.group if _ours(cluster, observed.group) else None
    counts = group.status if group else {}
    # The group's own number, once there is one: somebody may have scaled it past the cluster.
    wanted = group.spec.worker.replicas if group else cluster.spec.worker.replicas
    ready_workers = counts.get("readyReplicas", 0)
    up = scheduler_is_ready(cluster, observed.scheduler)
    conditions = _conditions(
        scheduler_ready=up, children=not _blocked(observed), ready=ready_workers, wanted=wanted
    )
    return {
        "observedGeneration": cluster.meta.generation,
        "phase": "Running" if up else "Pending",
        "replicas": counts.get("replicas", 0),
        "readyReplicas": ready_workers,
        "readyWorkers": f"{ready_workers}/{wanted}",
        "selector": worker_selector(Naming.default_group(cluster.meta.key.name)),
        "schedulerAddress": scheduler_address(cluster),
        "conditions": merge_conditions(
            conditions, cluster.status.get("conditions") or (), cluster.meta.generation, now
        ),
    }


def scheduler_is_ready(cluster: DaskCluster, scheduler: Pod | None) -> bool:
    """Whether *scheduler* is this cluster's and accepts connections."""
    return scheduler is not None and _ours(cluster, scheduler) and scheduler.ready


def _conditions(
    *, scheduler_ready: bool, children: bool, ready: int, wanted: int
) -> list[dict[str, Any]]:
    # The first thing in the way is told, in the order in which they have to be removed.
    if not children:
        reason, message = "NameTaken", "an object of another owner stands under a name it needs"
    elif not scheduler_ready:
        reason, message = "SchedulerNotReady", "waiting for the scheduler's readiness"
    elif ready < wanted:
        reason, message = "WorkersNotReady", f"{ready} of {wanted} workers are ready"
    else:
        reason, message = "Ready", f"the scheduler and {ready} workers are ready"
    settled = reason == "Ready"
    return [
        condition(READY, holds=settled, reason=reason, message=message),
        condition(
            SCHEDULER_READY,
            holds=scheduler_ready,
            reason="SchedulerReady" if scheduler_ready else "SchedulerNotReady",
            message="the scheduler accepts connections" if scheduler_ready else message,
        ),
        condition(RECONCILING, holds=not settled, reason=reason, message=message),
    ]
