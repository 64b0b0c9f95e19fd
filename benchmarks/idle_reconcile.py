"""How long a pass over a worker group takes that finds everything as it should be."""

from time import perf_counter
from typing import NoReturn

from benchmarks.figure import RUNS, Benchmark, Figure, Say, Target, p50, p99
from benchmarks.pods import GROUP_SIZE, Json, group_of, new_pod, running_pod
from daskop.api.children import Pod, Service
from daskop.api.cluster import CLUSTER, DaskCluster
from daskop.api.meta import Manifest, Meta, NamespacedName
from daskop.api.resources import CLUSTERS, Resource
from daskop.api.wellknown import API_VERSION
from daskop.api.worker_group import WORKER_GROUP, DaskWorkerGroup
from daskop.cache.store import Store, by_controller
from daskop.clock import SystemClock
from daskop.controllers.worker_group import BY_CONTROLLER, WorkerGroupReconciler
from daskop.plan.actions import Event
from daskop.plan.observed import ObservedWorkerGroup
from daskop.plan.service import scheduler_address, scheduler_service
from daskop.plan.worker_group import plan_worker_group
from daskop.runtime.applier import Applier
from daskop.runtime.executor import PlanExecutor
from daskop.runtime.reconciler import Result
from daskop.runtime.status import StatusWriter

GROUPS = 100
PASSES = 10_000
NAMESPACE = "default"

P50_TARGET = Target(1.0)
P99_TARGET = Target(5.0)
MILLISECONDS = 1000.0


class NoServer:
    """Stands where writes and events go: there are to be none."""

    def get(self, resource: Resource, key: NamespacedName) -> NoReturn:
        """Refuse."""
        raise AssertionError(f"{resource.kind} {key} was read")

    def create(self, resource: Resource, manifest: Manifest) -> NoReturn:
        """Refuse."""
        raise AssertionError(f"{resource.kind} was created: {manifest}")

    def merge_patch(
        self, resource: Resource, key: NamespacedName, body: Manifest, subresource: str = ""
    ) -> NoReturn:
        """Refuse."""
        raise AssertionError(f"{resource.kind} {key} {subresource} was written: {body}")

    def delete(
        self, resource: Resource, key: NamespacedName, uid: str, resource_version: str = ""
    ) -> NoReturn:
        """Refuse."""
        raise AssertionError(f"{resource.kind} {key} ({uid}, {resource_version}) was deleted")

    def record(self, resource: Resource, meta: Meta, event: Event) -> NoReturn:
        """Refuse."""
        raise AssertionError(f"{resource.kind} {meta.key}: {event}")


class World:
    """
    Caches that hold settled groups, and their reconciler.

    Attributes:
        keys: Of all groups.
        pods: Of the first group, by their names.
    """

    def __init__(self, applier: Applier, server: NoServer, groups: int = GROUPS) -> None:
        self._clock = SystemClock()
        self._clusters: Store[DaskCluster] = Store()
        self._groups: Store[DaskWorkerGroup] = Store()
        self._pods: Store[Pod] = Store({BY_CONTROLLER: by_controller})
        self._services: Store[Service] = Store()
        self.keys = [self._fill(number * GROUP_SIZE) for number in range(groups)]
        first = self._pods.by_index(BY_CONTROLLER, f"uid-{self.keys[0].name}")
        self.pods = {pod.meta.key.name: pod for pod in first}
        status = StatusWriter(server, self._clock)
        self.reconciler = WorkerGroupReconciler(
            groups=self._groups,
            clusters=self._clusters,
            pods=self._pods,
            services=self._services,
            executor=PlanExecutor(applier, status, server, self._clock),
        )

    def _fill(self, first: int) -> NamespacedName:
        """Store a cluster, its group with the status that it should have, and its workers."""
        name = group_of(first)
        spec = new_pod(first, NAMESPACE)["spec"]
        cluster = CLUSTER.parse(_cluster(first, spec))
        self._clusters.put(cluster)
        made = scheduler_service(cluster)
        identity = {"uid": f"uid-service-{first}", "resourceVersion": "1"}
        self._services.put(Service.parse({**made, "metadata": made["metadata"] | identity}))
        for number in range(first, first + GROUP_SIZE):
            self._pods.put(Pod.parse(running_pod(number, NAMESPACE, number + 1)))
        manifest = _group(name, cluster, spec)
        group = WORKER_GROUP.parse(manifest)
        pods = self._pods.by_index(BY_CONTROLLER, group.meta.uid)
        observed = ObservedWorkerGroup(group, cluster, scheduler_address(cluster), pods, ())
        status = plan_worker_group(observed, self._clock.now()).status
        self._groups.put(WORKER_GROUP.parse({**manifest, "status": status}))
        return group.meta.key


def _metadata(name: str) -> Json:
    return {
        "name": name,
        "namespace": NAMESPACE,
        "uid": f"uid-{name}",
        "resourceVersion": "1",
        "generation": 1,
    }


def _cluster(first: int, spec: Json) -> Json:
    return {
        "apiVersion": API_VERSION,
        "kind": CLUSTERS.kind,
        "metadata": _metadata(f"cluster-{first // GROUP_SIZE}"),
        "spec": {"worker": {"replicas": GROUP_SIZE, "spec": spec}, "scheduler": {"spec": spec}},
    }


def _group(name: str, cluster: DaskCluster, spec: Json) -> Json:
    owner = cluster.as_owner(controller=False).manifest()
    worker = {"replicas": GROUP_SIZE, "spec": spec}
    return {
        "metadata": _metadata(name) | {"ownerReferences": [owner]},
        "spec": {"cluster": cluster.meta.key.name, "worker": worker},
    }


def latencies(world: World, passes: int = PASSES) -> list[float]:
    """Milliseconds of each pass, over all groups in turn."""
    found = []
    for number in range(passes):
        key = world.keys[number % len(world.keys)]
        began = perf_counter()
        result = world.reconciler.reconcile(key)
        found.append((perf_counter() - began) * MILLISECONDS)
        if result != Result():
            raise AssertionError(f"{key} is not at rest: {result}")
    return found


def bare_latencies(world: World, passes: int = PASSES) -> list[float]:
    """Milliseconds that it takes to count the ready Pods of one group in a dict."""
    found = []
    for _ in range(passes):
        began = perf_counter()
        sum(pod.ready and not pod.meta.deleting for pod in world.pods.values())
        found.append((perf_counter() - began) * MILLISECONDS)
    return found


def measure(say: Say) -> list[Figure]:
    """Make passes, and count Pods, in turn."""
    ours, bare = [], []
    server = NoServer()
    applier = Applier(server, parallel=8)
    try:
        world = World(applier, server)
        for _ in range(RUNS):
            bare.append(bare_latencies(world))
            ours.append(latencies(world))
            say(f"half within {p50(ours[-1]):.3f} ms, 99 % within {p99(ours[-1]):.3f} ms")
    finally:
        applier.stop()
    return [
        Figure("pass p50", "ms", tuple(map(p50, ours)), tuple(map(p50, bare)), P50_TARGET),
        Figure("pass p99", "ms", tuple(map(p99, ours)), tuple(map(p99, bare)), P99_TARGET),
    ]


BENCHMARK = Benchmark(
    "A pass that finds nothing to do",
    f"{PASSES:,} passes over {GROUPS} worker groups in turn, each with {GROUP_SIZE} workers that "
    f"run, from caches that hold all {GROUPS * GROUP_SIZE:,} Pods; a write would fail the benchmark. "
    f"The bare loop counts the ready Pods among {GROUP_SIZE} views in a dict.",
    measure,
)
