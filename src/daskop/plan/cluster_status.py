"""What to say about a DaskCluster."""

from datetime import datetime
from typing import Any

from daskop.api.children import Pod
from daskop.api.cluster import DaskCluster
from daskop.api.conditions import condition, found, merge_conditions
from daskop.api.meta import Manifest
from daskop.api.resources import PODS, SERVICES, WORKER_GROUPS
from daskop.api.wellknown import READY, RECONCILING, SCHEDULER_READY, STALLED, WORKERS_READY
from daskop.api.worker_group import DaskWorkerGroup
from daskop.plan.actions import Event
from daskop.plan.digest import digest
from daskop.plan.names import Naming
from daskop.plan.observed import ObservedCluster, is_own
from daskop.plan.obstacle import Obstacle, pod_obstacle, taken
from daskop.plan.probes import probe_condition, probe_events
from daskop.plan.refusal import is_stalled
from daskop.plan.replacement import Replacement, was_replaced
from daskop.plan.service import scheduler_address
from daskop.plan.worker_group_status import worker_selector


def scheduler_is_ready(cluster: DaskCluster, scheduler: Pod | None) -> bool:
    """Whether *scheduler* is this cluster's and accepts connections."""
    return scheduler is not None and is_own(cluster.meta, scheduler) and scheduler.ready


def scheduler_template(cluster: DaskCluster) -> str:
    """The digest of all that the user can change about the scheduler's Pod."""
    scheduler = cluster.spec.scheduler
    return digest(scheduler.model_dump(mode="json", by_alias=True, include={"spec", "metadata"}))


def in_the_way(observed: ObservedCluster) -> Obstacle | None:
    """The first object under a name that the cluster needs that is not its own, or is going."""
    cluster = observed.cluster
    return (
        taken(PODS.kind, observed.scheduler, cluster)
        or taken(SERVICES.kind, observed.service, cluster)
        or taken(WORKER_GROUPS.kind, observed.group, cluster)
    )


def cluster_status(
    observed: ObservedCluster,
    blocked: Obstacle | None,
    replaced: Replacement,
    now: datetime,
    *,
    passing: bool,
) -> dict[str, Any]:
    """
    Counts, conditions, and the words of older tools.

    *blocked* is what stands under a name that is needed; *passing*: the group is being changed.
    """
    cluster = observed.cluster
    group = observed.group if is_own(cluster.meta, observed.group) else None
    counts = group.status if group else {}
    # The group's own number, once there is one: somebody may have scaled it past the cluster.
    wanted = group.spec.worker.replicas if group else cluster.spec.worker.replicas
    up = scheduler_is_ready(cluster, observed.scheduler)
    run = _scheduler_run(observed, up=up)
    settled = group is not None and _has_settled(group, wanted)
    workers = _workers_obstacle(None if settled else counts, wanted, passing=passing)
    scheduler = None if up else blocked or _scheduler_obstacle(observed, replaced)
    stalled = group is not None and not passing and is_stalled(group)
    ready_workers = counts.get("readyReplicas", 0)
    obstacle = blocked or scheduler or workers
    all_up = ("Ready", f"the scheduler is ready, and so are all workers: {ready_workers}")
    workers_up = ("WorkersReady", f"all workers are ready: {ready_workers}")
    conditions = [
        condition(READY, obstacle or all_up, holds=obstacle is None),
        condition(
            SCHEDULER_READY, scheduler or _accepts(observed, run["schedulerRestarts"]), holds=up
        ),
        condition(WORKERS_READY, workers or workers_up, holds=workers is None),
        condition(RECONCILING, obstacle or all_up, holds=obstacle is not None),
        *probe_condition(cluster.spec.scheduler.spec),
        *([condition(STALLED, workers, holds=True)] if stalled and workers else []),
    ]
    return {
        "observedGeneration": cluster.meta.generation,
        "phase": _phase(observed, up=up),
        "replicas": counts.get("replicas", 0),
        "readyReplicas": ready_workers,
        "readyWorkers": f"{ready_workers}/{wanted}",
        "selector": worker_selector(Naming.default_group(cluster.meta.key.name)),
        "schedulerAddress": scheduler_address(cluster),
        **run,
        **replaced.record,
        "conditions": merge_conditions(
            conditions, cluster.status.get("conditions") or (), cluster.meta.generation, now
        ),
    }


def cluster_events(old: Manifest, new: Manifest) -> tuple[Event, ...]:
    """What to tell when the status *old* becomes *new*."""
    events = []
    if new["schedulerRestarts"] > old.get("schedulerRestarts", 0):
        lost = "The scheduler was restarted: what it held is lost, and workers connect to it anew"
        events.append(Event("SchedulerRestarted", lost, warning=True))
    elif new["schedulerInstance"] and not old.get("schedulerInstance"):
        events.append(Event("SchedulerReady", "The scheduler accepts connections"))
    if was_replaced(old, new):
        events.append(
            Event("SchedulerReplaced", "The scheduler has ended, and is replaced", warning=True)
        )
    return (*events, *probe_events(old, new))


def _scheduler_run(observed: ObservedCluster, *, up: bool) -> dict[str, Any]:
    """Which run of the scheduler was ready last, and how often there was a new one."""
    status = observed.cluster.status
    last, restarts = status.get("schedulerInstance", ""), status.get("schedulerRestarts", 0)
    if observed.scheduler is None or not up:
        return {"schedulerInstance": last, "schedulerRestarts": restarts}
    run = f"{observed.scheduler.meta.uid}/{observed.scheduler.restarts}"
    came_back = bool(last) and run != last
    return {"schedulerInstance": run, "schedulerRestarts": restarts + came_back}


def _phase(observed: ObservedCluster, *, up: bool) -> str:
    """dask-kubernetes' word; Error is added where a write was refused."""
    if up:
        return "Running"
    return "Pending" if is_own(observed.cluster.meta, observed.scheduler) else "Created"


def _scheduler_obstacle(observed: ObservedCluster, replaced: Replacement) -> Obstacle:
    """What keeps the scheduler from accepting connections."""
    scheduler = observed.scheduler
    if replaced.held and replaced.wait:
        told = f"the scheduler has ended: {replaced.held[0].reason or replaced.held[0].phase}"
        return Obstacle("SchedulerFails", f"{told}; it is replaced at {replaced.at}")
    spec = observed.cluster.spec.scheduler.spec
    problem = pod_obstacle(scheduler, spec) if scheduler else None
    return problem or Obstacle("SchedulerNotReady", "waiting for the scheduler's readiness")


def _workers_obstacle(group: Manifest | None, wanted: int, *, passing: bool) -> Obstacle | None:
    """What keeps workers from being ready; *group* is the status of a group that has not settled."""
    if group is None:
        change = Obstacle("WorkersNotReady", "the worker group is to take up a change")
        return change if passing else None
    ready = found(group, READY)
    if ready and ready["status"] != "True":
        return Obstacle(ready["reason"], ready["message"])
    told = f"{group.get('readyReplicas', 0)} of {wanted} workers are ready"
    return Obstacle("WorkersNotReady", told)


def _has_settled(group: DaskWorkerGroup, wanted: int) -> bool:
    """Whether the group says of its newest spec that all workers are there and ready."""
    status = group.status
    return bool(
        status.get("observedGeneration") == group.meta.generation
        and status.get("replicas") == status.get("readyReplicas") == wanted
    )


def _accepts(observed: ObservedCluster, restarts: int) -> tuple[str, str]:
    """What to say of a scheduler that is up."""
    cluster, scheduler = observed.cluster, observed.scheduler
    told = "the scheduler accepts connections"
    if scheduler and scheduler.is_outdated(scheduler_template(cluster)):
        told += "; it was made from an earlier template"
    if restarts:
        return "SchedulerRestarted", f"{told}; times that it lost what it held: {restarts}"
    return "SchedulerReady", told
