"""Reconciles DaskJobs."""

from daskop.api.children import Pod
from daskop.api.cluster import DaskCluster
from daskop.api.job import DaskJob
from daskop.api.meta import NamespacedName
from daskop.api.resources import JOBS
from daskop.cache.store import Lister
from daskop.plan.cluster_status import scheduler_is_ready
from daskop.plan.job import plan_job
from daskop.plan.names import Naming
from daskop.plan.observed import ObservedJob
from daskop.plan.service import scheduler_address
from daskop.runtime.executor import PlanExecutor
from daskop.runtime.reconciler import Result


class JobReconciler:
    """The cluster and the runner of a job."""

    name = "daskjob"

    def __init__(
        self,
        *,
        jobs: Lister[DaskJob],
        clusters: Lister[DaskCluster],
        pods: Lister[Pod],
        executor: PlanExecutor,
    ) -> None:
        self._jobs = jobs
        self._clusters = clusters
        self._pods = pods
        self._executor = executor

    def reconcile(self, key: NamespacedName) -> Result:
        """Make one pass over the job *key*."""
        job = self._jobs.get(key)
        if job is None:
            return Result()  # deleted: garbage collection takes the children along
        plan = plan_job(self._observe(job), self._executor.now())
        return self._executor.execute(JOBS, job, plan)

    def _observe(self, job: DaskJob) -> ObservedJob:
        namespace, name = job.meta.key.namespace, job.meta.key.name
        cluster_name = Naming.job_cluster(name)
        cluster = self._clusters.get(NamespacedName(namespace, cluster_name))
        scheduler = self._pods.get(NamespacedName(namespace, Naming.scheduler(cluster_name)))
        up = cluster is not None and scheduler_is_ready(cluster, scheduler)
        return ObservedJob(
            job=job,
            cluster=cluster,
            runner=self._pods.get(NamespacedName(namespace, Naming.runner(name))),
            address=scheduler_address(cluster) if cluster and up else None,
        )
