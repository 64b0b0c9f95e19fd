"""Reconciles DaskJobs."""

from daskop.api.children import Pod, Service
from daskop.api.cluster import DaskCluster
from daskop.api.job import DaskJob
from daskop.api.meta import NamespacedName
from daskop.api.resources import JOBS, PODS
from daskop.cache.store import Lister
from daskop.plan.cluster_status import scheduler_is_ready
from daskop.plan.job import plan_job
from daskop.plan.job_status import may_not_run_again
from daskop.plan.names import Naming
from daskop.plan.observed import ObservedJob, is_own
from daskop.plan.service import scheduler_address, service_key
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
        services: Lister[Service],
        executor: PlanExecutor,
    ) -> None:
        self._jobs = jobs
        self._clusters = clusters
        self._pods = pods
        self._services = services
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
        up = (
            cluster is not None
            and scheduler_is_ready(cluster, scheduler)
            and is_own(cluster.meta, self._services.get(service_key(cluster)))
        )
        return ObservedJob(
            job=job,
            cluster=cluster,
            runner=self._runner(job),
            address=scheduler_address(cluster) if cluster and up else None,
        )

    def _runner(self, job: DaskJob) -> Pod | None:
        key = NamespacedName(job.meta.key.namespace, Naming.runner(job.meta.key.name))
        runner = self._pods.get(key)
        if runner is None and may_not_run_again(job):
            # That it is gone will be the job's end: a cache may only be late.
            live = self._executor.live(PODS, key)
            return Pod.parse(live) if live is not None else None
        return runner
