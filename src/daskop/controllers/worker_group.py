"""Reconciles DaskWorkerGroups."""

from daskop.api.children import Pod, Service
from daskop.api.cluster import DaskCluster
from daskop.api.meta import NamespacedName
from daskop.api.resources import WORKER_GROUPS
from daskop.api.worker_group import DaskWorkerGroup
from daskop.cache.store import Lister
from daskop.plan.observed import ObservedWorkerGroup, is_own
from daskop.plan.service import scheduler_address, service_key
from daskop.plan.worker_group import plan_worker_group
from daskop.runtime.executor import PlanExecutor
from daskop.runtime.reconciler import Result

BY_CLUSTER = "cluster"
"""Index of worker groups: the key of the cluster that their spec names."""

BY_CONTROLLER = "controller"
"""Index of Pods: the uid of the owner that controls them."""


class WorkerGroupReconciler:
    """The worker Pods of a group."""

    name = "daskworkergroup"

    def __init__(
        self,
        *,
        groups: Lister[DaskWorkerGroup],
        clusters: Lister[DaskCluster],
        pods: Lister[Pod],
        services: Lister[Service],
        executor: PlanExecutor,
    ) -> None:
        self._groups = groups
        self._clusters = clusters
        self._pods = pods
        self._services = services
        self._executor = executor

    def reconcile(self, key: NamespacedName) -> Result:
        """Make one pass over the worker group *key*."""
        group = self._groups.get(key)
        if group is None:
            return Result()  # deleted: garbage collection takes the Pods along
        plan = plan_worker_group(self._observe(group), self._executor.now())
        return self._executor.execute(WORKER_GROUPS, group, plan)

    def _observe(self, group: DaskWorkerGroup) -> ObservedWorkerGroup:
        namespace = group.meta.key.namespace
        cluster = self._clusters.get(NamespacedName(namespace, group.spec.cluster))
        return ObservedWorkerGroup(
            group=group,
            cluster=cluster,
            address=scheduler_address(cluster) if cluster else "",
            # By the owner's uid: labels can be edited, and say nothing of whose a Pod is.
            pods=self._pods.by_index(BY_CONTROLLER, group.meta.uid),
            taken=_Names(self._pods, namespace),
            served=cluster is not None
            and is_own(cluster.meta, self._services.get(service_key(cluster))),
        )


class _Names:
    """The names of the Pods in one namespace, looked up instead of listed."""

    def __init__(self, pods: Lister[Pod], namespace: str) -> None:
        self._pods = pods
        self._namespace = namespace

    def __contains__(self, name: object) -> bool:
        return NamespacedName(self._namespace, str(name)) in self._pods
