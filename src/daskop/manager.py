"""The composition root: which resources are watched, by whom they are reconciled, and why."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from daskop.api.children import Pod, Service
from daskop.api.cluster import CLUSTER, DaskCluster
from daskop.api.conditions import found
from daskop.api.job import JOB, DaskJob
from daskop.api.kinds import AnyCustomResource
from daskop.api.meta import NamespacedName
from daskop.api.quota import Quota
from daskop.api.resources import CLUSTERS, JOBS, PODS, QUOTAS, SERVICES, WORKER_GROUPS
from daskop.api.wellknown import CLUSTER_NAME_LABEL, REPLICA_FAILURE
from daskop.api.worker_group import WORKER_GROUP, DaskWorkerGroup
from daskop.cache.store import Store, by_controller
from daskop.controllers.cluster import ClusterReconciler
from daskop.controllers.job import JobReconciler
from daskop.controllers.worker_group import BY_CLUSTER, BY_CONTROLLER, WorkerGroupReconciler
from daskop.engine import Engine
from daskop.errors import QuotaExceededError
from daskop.kube.quota import parse_quota
from daskop.runtime.handlers import (
    enqueue_owner,
    enqueue_refused,
    enqueue_related,
    enqueue_self,
)
from daskop.settings import Settings
from daskop.worker_metrics import WorkerCount

BY_REFUSAL = "refusal"
"""Index of objects of our kinds: the namespace whose quota has no room for what they need."""


class Manager:
    """
    One Dask operator.

    Raises:
        DaskopError: If there is no usable configuration.
        OSError: If a port is taken.
    """

    def __init__(self, settings: Settings) -> None:
        self._engine = Engine(settings)
        self._watch()
        self._build_controllers()
        self._connect_handlers()
        self._engine.metrics.add_workers(self._count_workers)

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; a second signal ends the process at once."""
        self._engine.run()

    def _watch(self) -> None:
        # Pods and Services are selected by a label of ours: everybody else's cost us nothing.
        informer = self._engine.informer
        clusters: Store[DaskCluster] = Store({BY_REFUSAL: _refused_in})
        groups = Store({BY_CLUSTER: _cluster_of, BY_REFUSAL: _refused_in})
        jobs: Store[DaskJob] = Store({BY_REFUSAL: _refused_in})
        pods: Store[Pod] = Store({BY_CONTROLLER: by_controller})
        services: Store[Service] = Store()
        self._clusters = informer(CLUSTERS, clusters, CLUSTER.parse)
        self._groups = informer(WORKER_GROUPS, groups, WORKER_GROUP.parse)
        self._jobs = informer(JOBS, jobs, JOB.parse)
        self._pods = informer(PODS, pods, Pod.parse, CLUSTER_NAME_LABEL)
        self._services = informer(SERVICES, services, Service.parse, CLUSTER_NAME_LABEL)
        quotas: Store[Quota] = Store()
        self._quotas = informer(QUOTAS, quotas, parse_quota, needed=False)

    def _build_controllers(self) -> None:
        executor = self._engine.executor
        clusters, groups = self._clusters.store, self._groups.store
        pods, services, jobs = self._pods.store, self._services.store, self._jobs.store
        self._cluster_controller = self._engine.controller(
            ClusterReconciler(
                clusters=clusters, groups=groups, pods=pods, services=services, executor=executor
            )
        )
        self._group_controller = self._engine.controller(
            WorkerGroupReconciler(
                groups=groups, clusters=clusters, pods=pods, services=services, executor=executor
            )
        )
        self._job_controller = self._engine.controller(
            JobReconciler(
                jobs=jobs, clusters=clusters, pods=pods, services=services, executor=executor
            )
        )

    def _connect_handlers(self) -> None:
        # Who has to look again when this changes? The object itself, its owner, and for a cluster
        # also the groups that wait for it and the job that it belongs to.
        clusters = self._cluster_controller.queue
        groups = self._group_controller.queue
        jobs = self._job_controller.queue
        self._clusters.add_handler(enqueue_self(clusters))
        self._clusters.add_handler(enqueue_related(groups, self._groups_of))
        self._clusters.add_handler(enqueue_owner(jobs, JOBS.kind))
        self._groups.add_handler(enqueue_self(groups))
        self._groups.add_handler(enqueue_owner(clusters, CLUSTERS.kind))
        self._jobs.add_handler(enqueue_self(jobs))
        self._pods.add_handler(enqueue_owner(clusters, CLUSTERS.kind))
        self._pods.add_handler(enqueue_owner(groups, WORKER_GROUPS.kind))
        self._pods.add_handler(enqueue_owner(jobs, JOBS.kind))
        self._services.add_handler(enqueue_owner(clusters, CLUSTERS.kind))
        self._services.add_handler(enqueue_related(groups, self._groups_behind))
        self._services.add_handler(enqueue_related(jobs, self._jobs_behind))
        self._quotas.add_handler(enqueue_refused(clusters, partial(_refused, self._clusters.store)))
        self._quotas.add_handler(enqueue_refused(groups, partial(_refused, self._groups.store)))
        self._quotas.add_handler(enqueue_refused(jobs, partial(_refused, self._jobs.store)))

    def _count_workers(self) -> Iterable[tuple[str, WorkerCount]]:
        found: dict[str, WorkerCount] = defaultdict(WorkerCount)
        store = self._groups.store
        for group in filter(None, map(store.get, store.snapshot())):
            workers = found[group.meta.key.namespace]
            workers.wanted += group.spec.worker.replicas
            workers.ready += group.status.get("readyReplicas", 0)
        return found.items()

    def _cluster_behind(self, service: Service) -> DaskCluster | None:
        owner, namespace = service.meta.controller, service.meta.key.namespace
        store = self._clusters.store
        return store.get(NamespacedName(namespace, owner.name)) if owner is not None else None

    def _groups_behind(self, service: Service) -> Iterator[NamespacedName]:
        cluster = self._cluster_behind(service)
        return self._groups_of(cluster) if cluster is not None else iter(())

    def _jobs_behind(self, service: Service) -> Iterator[NamespacedName]:
        cluster = self._cluster_behind(service)
        job = cluster.meta.controller if cluster is not None else None
        if job is not None:
            yield NamespacedName(service.meta.key.namespace, job.name)

    def _groups_of(self, cluster: DaskCluster) -> Iterator[NamespacedName]:
        groups = self._groups.store.by_index(BY_CLUSTER, cluster.meta.key)
        return (group.meta.key for group in groups)


def _refused_in(view: AnyCustomResource) -> tuple[str, ...]:
    """The namespace, if a quota has no room for what the object needs."""
    reason = found(view.status, REPLICA_FAILURE).get("reason")
    return (view.meta.key.namespace,) if reason == QuotaExceededError.condition_reason else ()


def _refused(store: Store[Any], namespace: str) -> Iterator[NamespacedName]:
    return (view.meta.key for view in store.by_index(BY_REFUSAL, namespace))


def _cluster_of(group: DaskWorkerGroup) -> tuple[NamespacedName, ...]:
    return (NamespacedName(group.meta.key.namespace, group.spec.cluster),)
