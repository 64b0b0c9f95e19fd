"""The plan of a DaskWorkerGroup: as many live worker Pods as wanted."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count, islice
from typing import Any

from daskop.api.children import Pod
from daskop.api.cluster import DaskCluster
from daskop.api.conditions import condition, merge_conditions
from daskop.api.meta import NamespacedName
from daskop.api.resources import CLUSTERS, PODS, WORKER_GROUPS
from daskop.api.wellknown import (
    GROUP_NAME_LABEL,
    READY,
    RECONCILING,
    SCHEDULER_ADDRESS_ENV,
    WORKER,
    WORKER_NAME_ENV,
)
from daskop.api.worker_group import DaskWorkerGroup
from daskop.plan.actions import MAX_ACTIONS, Action, Create, Delete, Join, Plan
from daskop.plan.names import Naming
from daskop.plan.pod_template import pod, reserved_labels, with_env


@dataclass(frozen=True, slots=True)
class ObservedWorkerGroup:
    """
    A worker group and what it rests on.

    Attributes:
        cluster: The cluster that its spec names, if there is one.
        address: The scheduler's address for that cluster.
        pods: Its Pods, those that end or go included.
        taken: The names of all Pods in its namespace that stand under a name of the group.
    """

    group: DaskWorkerGroup
    cluster: DaskCluster | None
    address: str
    pods: Sequence[Pod]
    taken: Container[str]


def plan_worker_group(observed: ObservedWorkerGroup, now: datetime) -> Plan:
    """Compare the wanted number of workers with those that are there."""
    group, cluster = observed.group, observed.cluster
    if group.meta.deleting:
        return Plan()  # its Pods go by garbage collection
    status = worker_group_status(observed, now)
    # A group may be applied before its cluster. Workers without a scheduler would only crash.
    if cluster is None or cluster.meta.deleting:
        return Plan(status=status)
    if not group.meta.owned_by(cluster.meta.uid):
        return Plan(_join(group, cluster))  # the pass that sees the join says the rest
    # One more than a pass carries out says that there is more; the rest is not even built.
    return Plan(tuple(islice(_actions(observed), MAX_ACTIONS + 1)), status)


def _join(group: DaskWorkerGroup, cluster: DaskCluster) -> tuple[Action, ...]:
    """A group still owned by an earlier cluster of that name is about to go with it."""
    if any(owner.kind == cluster.kind for owner in group.meta.owners):
        return ()
    return (Join(WORKER_GROUPS, group.meta, CLUSTERS, cluster.as_owner(controller=False)),)


def _actions(observed: ObservedWorkerGroup) -> Iterator[Action]:
    group = observed.group
    alive = [pod for pod in observed.pods if pod.alive]
    # Ended Pods keep their names, and count against quotas: they go, and others take their place.
    for ended in (p for p in observed.pods if p.ended and not p.meta.deleting):
        yield Delete(PODS, ended.meta.key, ended.meta.uid)
    surplus = len(alive) - group.spec.worker.replicas
    # Either creates or deletes, never both: a Pod is not made only to be deleted.
    if surplus > 0:
        for victim in first_to_go(alive)[:surplus]:
            yield Delete(PODS, victim.meta.key, victim.meta.uid)
        return
    for name in islice(_free_names(observed), -surplus):
        yield Create(PODS, worker_pod(group, name, observed.address), group.meta.uid)


def _free_names(observed: ObservedWorkerGroup) -> Iterator[str]:
    meta = observed.group.meta
    # The names depend on the group's uid: those of a group made anew are others.
    names = (Naming.worker(meta.key.name, meta.uid, number) for number in count())
    return (name for name in names if name not in observed.taken)


def first_to_go(pods: Sequence[Pod]) -> list[Pod]:
    """Order live *pods* by what is lost with them: pending, not ready, then the youngest."""
    # Two stable sorts: the second one keeps the order of the first among equals.
    youngest_first = sorted(pods, key=lambda p: (p.meta.created, p.meta.key), reverse=True)
    return sorted(youngest_first, key=lambda p: (p.phase != "Pending", p.ready))


def worker_pod(group: DaskWorkerGroup, name: str, address: str) -> dict[str, Any]:
    """The Pod of the worker *name*, which connects to the scheduler at *address*."""
    worker = group.spec.worker
    # The args are the user's: whoever wants the name there writes --name $(DASK_WORKER_NAME).
    labels = reserved_labels(group.spec.cluster, WORKER)
    labels[GROUP_NAME_LABEL] = group.meta.key.name
    return pod(
        NamespacedName(group.meta.key.namespace, name),
        with_env(worker.spec, {WORKER_NAME_ENV: name, SCHEDULER_ADDRESS_ENV: address}),
        worker.metadata,
        labels,
        group.as_owner(),
    )


def worker_selector(group: str) -> str:
    """The label selector of a group's workers, as text."""
    return f"{GROUP_NAME_LABEL}={group}"


def worker_group_status(observed: ObservedWorkerGroup, now: datetime) -> dict[str, Any]:
    """What to say about the group: counts of live Pods."""
    group = observed.group
    alive = [pod for pod in observed.pods if pod.alive]
    ready = sum(pod.ready for pod in alive)
    wanted = group.spec.worker.replicas
    if observed.cluster is None or observed.cluster.meta.deleting:
        reason = "ClusterNotFound"
        message = f"waiting for the DaskCluster {group.spec.cluster}"
    elif ready < wanted or len(alive) > wanted:
        reason, message = "WorkersNotReady", f"{ready} of {wanted} workers are ready"
    else:
        reason, message = "Ready", f"{ready} workers are ready"
    settled = reason == "Ready"
    conditions = [
        condition(READY, holds=settled, reason=reason, message=message),
        condition(RECONCILING, holds=not settled, reason=reason, message=message),
    ]
    return {
        "observedGeneration": group.meta.generation,
        "replicas": len(alive),
        "readyReplicas": ready,
        "selector": worker_selector(group.meta.key.name),
        "conditions": merge_conditions(
            conditions, group.status.get("conditions") or (), group.meta.generation, now
        ),
    }
