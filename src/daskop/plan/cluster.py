"""The plan of a DaskCluster: scheduler Pod, Service and default worker group."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from daskop.api.children import Pod
from daskop.api.cluster import DaskCluster
from daskop.api.labels import PodLabels, reserved_labels
from daskop.api.meta import NamespacedName
from daskop.api.resources import PODS, SERVICES, WORKER_GROUPS
from daskop.api.wellknown import API_VERSION, PASSED_REPLICAS_ANNOTATION, SCHEDULER, WORKER_GROUP
from daskop.plan.actions import LOOK_AGAIN, Action, Create, Plan
from daskop.plan.cluster_status import (
    cluster_events,
    cluster_status,
    in_the_way,
    scheduler_template,
)
from daskop.plan.names import Naming
from daskop.plan.observed import ObservedCluster, is_own
from daskop.plan.passing_down import child_changes, made_or_mended
from daskop.plan.pod_template import inherited, marked, mended, metadata, pod
from daskop.plan.replacement import Replacement, replacement
from daskop.plan.service import scheduler_service, service_changes


def plan_cluster(observed: ObservedCluster, now: datetime) -> Plan:
    """Compare what a cluster needs with what is there."""
    cluster, scheduler = observed.cluster, observed.scheduler
    if cluster.meta.deleting:
        return Plan()  # its children go by garbage collection
    own = [scheduler] if scheduler is not None and is_own(cluster.meta, scheduler) else []
    replaced = replacement(own, cluster.status, now, late_too=True)
    # A name that is taken, by whomever, is left alone here; the pass is made again. The Service
    # comes last: what a user writes there can be refused, and the workers are to scale all the same.
    group = tuple(
        made_or_mended(
            WORKER_GROUPS, cluster.meta, observed.group, default_group(cluster), child_changes
        )
    )
    wanted = scheduler_service(cluster)
    service = made_or_mended(SERVICES, cluster.meta, observed.service, wanted, service_changes)
    blocked = in_the_way(observed)
    status = cluster_status(observed, blocked, replaced, now, passing=bool(group))
    return Plan(
        actions=(*_scheduler_actions(cluster, scheduler, replaced), *group, *service),
        status=status,
        events=cluster_events(cluster.status, status),
        # That a name is free may not be seen: who stands there may be nobody whom we watch.
        requeue_after=LOOK_AGAIN if blocked else replaced.wait,
    )


def _scheduler_actions(
    cluster: DaskCluster, scheduler: Pod | None, replaced: Replacement
) -> Iterator[Action]:
    if scheduler is None:
        yield Create(PODS, scheduler_pod(cluster), cluster.meta.uid)
        return
    # An ended Pod does not start again: a new one takes its name once it is gone. What the old
    # scheduler knew is lost with it.
    yield from replaced.deletes
    if is_own(cluster.meta, scheduler) and scheduler.alive:
        labels = PodLabels(cluster.meta.key.name, SCHEDULER)
        yield from mended(scheduler, labels, scheduler_template(cluster))


def scheduler_pod(cluster: DaskCluster) -> dict[str, Any]:
    """
    The scheduler's Pod: the user's PodSpec with probes mended, our labels, and a note of the template.

    Nothing is injected: the scheduler is told by its command line where to listen.
    """
    key = cluster.meta.key
    made = pod(
        NamespacedName(key.namespace, Naming.scheduler(key.name)),
        cluster.spec.scheduler.spec,
        cluster.spec.scheduler.metadata,
        reserved_labels(key.name, SCHEDULER),
        cluster,
    )
    return marked(made, scheduler_template(cluster))


def default_group(cluster: DaskCluster) -> dict[str, Any]:
    """
    The default worker group: the cluster's worker spec, and a note of the replicas passed down.

    It inherits the cluster's labels and annotations, but for those of tools that manage the cluster.
    """
    key, worker = cluster.meta.key, cluster.spec.worker
    return {
        "apiVersion": API_VERSION,
        "kind": WORKER_GROUPS.kind,
        "metadata": metadata(
            NamespacedName(key.namespace, Naming.default_group(key.name)),
            {**inherited(cluster.labels), **reserved_labels(key.name, WORKER_GROUP)},
            cluster.as_owner(),
            {**inherited(cluster.annotations), PASSED_REPLICAS_ANNOTATION: str(worker.replicas)},
        ),
        "spec": {
            "cluster": key.name,
            "worker": worker.model_dump(mode="json", by_alias=True),
        },
    }
