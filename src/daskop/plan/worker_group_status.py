"""What to say about a DaskWorkerGroup."""

from datetime import datetime
from typing import Any

from daskop.api.conditions import condition, merge_conditions
from daskop.api.meta import Manifest
from daskop.api.resources import CLUSTERS
from daskop.api.wellknown import GROUP_NAME_LABEL, READY, RECONCILING
from daskop.plan.actions import Event
from daskop.plan.names import Naming
from daskop.plan.observed import ObservedWorkerGroup
from daskop.plan.obstacle import Obstacle, first_obstacle
from daskop.plan.probes import probe_condition, probe_events
from daskop.plan.replacement import Replacement, was_replaced


def worker_selector(group: str) -> str:
    """The label selector of a group's workers, as text."""
    return f"{GROUP_NAME_LABEL}={group}"


def worker_group_status(
    observed: ObservedWorkerGroup, template: str, replaced: Replacement, now: datetime
) -> dict[str, Any]:
    """Counts of live Pods, and conditions; *template* is the digest of what makes workers now."""
    group = observed.group
    alive = [pod for pod in observed.pods if pod.alive]
    ready = sum(pod.ready for pod in alive)
    updated = sum(pod.template == template for pod in alive)
    obstacle = _obstacle(observed, replaced, len(alive), ready)
    told = obstacle or _all_ready(ready, updated)
    conditions = [
        condition(READY, told, holds=obstacle is None),
        condition(RECONCILING, told, holds=obstacle is not None),
        *probe_condition(group.spec.worker.spec),
    ]
    return {
        "observedGeneration": group.meta.generation,
        "desiredReplicas": group.spec.worker.replicas,
        "replicas": len(alive),
        "readyReplicas": ready,
        "updatedReplicas": updated,
        "selector": worker_selector(group.meta.key.name),
        **replaced.record,
        "conditions": merge_conditions(
            conditions, group.status.get("conditions") or (), group.meta.generation, now
        ),
    }


def worker_group_events(old: Manifest, new: Manifest) -> tuple[Event, ...]:
    """What to tell when the status *old* becomes *new*."""
    events = []
    before, after = old.get("desiredReplicas"), new["desiredReplicas"]
    if before is not None and before != after:
        word, reason = ("up", "ScaledUp") if before < after else ("down", "ScaledDown")
        events.append(Event(reason, f"Scaled the workers {word} from {before} to {after}"))
    if was_replaced(old, new):
        message = "Workers ended within 10 minutes of their start, and are replaced"
        events.append(Event("WorkersReplaced", message, warning=True))
    return (*events, *probe_events(old, new))


def _all_ready(ready: int, updated: int) -> tuple[str, str]:
    """What to say of a group whose workers are all up."""
    told = f"all workers are ready: {ready}"
    if updated < ready:
        told += f"; made from an earlier template, or for another address: {ready - updated}"
    return "Ready", told


def _obstacle(
    observed: ObservedWorkerGroup, replaced: Replacement, alive: int, ready: int
) -> Obstacle | None:
    """The first thing in the way."""
    group, cluster = observed.group, observed.cluster
    wanted = group.spec.worker.replicas
    if cluster is None or cluster.meta.deleting:
        return Obstacle("ClusterNotFound", f"waiting for the DaskCluster {group.spec.cluster}")
    if belongs_to_another(observed):
        return Obstacle("Terminating", "waiting for the earlier DaskCluster, and this group, to go")
    if ready == wanted == alive:
        return None
    cause = None
    if alive < wanted and not observed.served:
        service = Naming.service(group.spec.cluster)
        cause = Obstacle("ServiceNotFound", f"waiting for the cluster's Service {service}")
    cause = cause or _held_obstacle(replaced) or _waiting_obstacle(observed)
    told = f"{ready} of {wanted} workers are ready"
    if cause is None:
        return Obstacle("WorkersNotReady", told)
    return Obstacle(cause.reason, f"{told}; {cause.message}")


def _held_obstacle(replaced: Replacement) -> Obstacle | None:
    """Why workers that ended are not replaced yet."""
    if not (replaced.held and replaced.wait):
        return None
    ended = min(replaced.held, key=lambda pod: pod.meta.key)
    problem = ended.problem.message if ended.problem else ended.phase
    words = f"Pod {ended.meta.key.name} has ended: {ended.reason or problem}"
    return Obstacle("WorkersFail", f"{words}; it is replaced at {replaced.at}")


def _waiting_obstacle(observed: ObservedWorkerGroup) -> Obstacle | None:
    """What keeps live workers from being ready."""
    waiting = [pod for pod in observed.pods if pod.alive and not pod.ready]
    return first_obstacle(waiting, observed.group.spec.worker.spec)


def belongs_to_another(observed: ObservedWorkerGroup) -> bool:
    """Whether the group belongs to an earlier cluster of that name, and goes with that."""
    meta, cluster = observed.group.meta, observed.cluster
    owned = any(owner.kind == CLUSTERS.kind for owner in meta.owners)
    return owned and cluster is not None and not meta.owned_by(cluster.meta.uid)
