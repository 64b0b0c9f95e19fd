"""Reconciles DaskClusters."""

from daskop.api.children import Pod, Service
from daskop.api.cluster import DaskCluster
from daskop.api.meta import NamespacedName
from daskop.api.resources import CLUSTERS
from daskop.api.worker_group import DaskWorkerGroup
from daskop.cache.store import Lister
from daskop.plan.cluster import plan_cluster
from daskop.plan.names import Naming
from daskop.plan.observed import ObservedCluster
from daskop.plan.service import service_key
from daskop.runtime.executor import PlanExecutor
from daskop.runtime.reconciler import Result


class ClusterReconciler:
    """Scheduler Pod, Service and default worker group of a cluster."""

    name = "daskcluster"

    def __init__(
        self,
        *,
        clusters: Lister[DaskCluster],
        groups: Lister[DaskWorkerGroup],
        pods: Lister[Pod],
        services: Lister[Service],
        executor: PlanExecutor,
    ) -> None:
        self._clusters = clusters
        self._groups = groups
        self._pods = pods
        self._services = services
        self._executor = executor

    def reconcile(self, key: NamespacedName) -> Result:
        """Make one pass over the cluster *key*."""
        cluster = self._clusters.get(key)
        if cluster is None:
            return Result()  # deleted: garbage collection takes the children along
        plan = plan_cluster(self._observe(cluster), self._executor.now())
        return self._executor.execute(CLUSTERS, cluster, plan)

    def _observe(self, cluster: DaskCluster) -> ObservedCluster:
        namespace, name = cluster.meta.key.namespace, cluster.meta.key.name
        return ObservedCluster(
            cluster=cluster,
            scheduler=self._pods.get(NamespacedName(namespace, Naming.scheduler(name))),
            service=self._services.get(service_key(cluster)),
            group=self._groups.get(NamespacedName(namespace, Naming.default_group(name))),
        )
