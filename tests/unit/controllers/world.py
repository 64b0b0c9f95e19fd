"""The three reconcilers against the fake API server, without threads: tests say who acts when."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from daskop.api.children import Pod, Service
from daskop.api.cluster import CLUSTER, DaskCluster
from daskop.api.job import JOB, DaskJob
from daskop.api.meta import Manifest, Meta, NamespacedName
from daskop.api.resources import CLUSTERS, JOBS, PODS, SERVICES, WORKER_GROUPS, Resource
from daskop.api.wellknown import CLUSTER_NAME_LABEL
from daskop.api.worker_group import WORKER_GROUP, DaskWorkerGroup
from daskop.cache.informer import Informer
from daskop.cache.store import Store, by_controller
from daskop.clock import SystemClock
from daskop.controllers.cluster import ClusterReconciler
from daskop.controllers.job import JobReconciler
from daskop.controllers.worker_group import BY_CONTROLLER, WorkerGroupReconciler
from daskop.metrics import Metrics
from daskop.plan.actions import Event
from daskop.runtime.applier import Applier
from daskop.runtime.executor import PlanExecutor
from daskop.runtime.reconciler import Reconciler, Result
from daskop.runtime.status import StatusWriter
from tests.unit.builders import NAMESPACE, key
from tests.unit.fakes.clock import SteppedClock
from tests.unit.fakes.kube import FakeKube, Json, merge

SEED = Path(__file__).parents[2] / "e2e" / "seed"

MOST_ROUNDS = 20
"""A system that is not at rest by then never will be."""


class World:
    """
    A server, an operator's caches, and its reconcilers.

    Attributes:
        kube: The server; a test writes there what users and kubelets write.
        told: Each event as reason, kind and name.
    """

    def __init__(self, applier: Applier, kube: FakeKube) -> None:
        self.kube = kube
        self._clusters: Store[DaskCluster] = Store()
        self._groups: Store[DaskWorkerGroup] = Store()
        self._jobs: Store[DaskJob] = Store()
        self._pods: Store[Pod] = Store({BY_CONTROLLER: by_controller})
        self._services: Store[Service] = Store()
        self._informers: list[tuple[Resource, Informer[Any]]] = [
            (CLUSTERS, self._informer(CLUSTERS, self._clusters, CLUSTER.parse)),
            (WORKER_GROUPS, self._informer(WORKER_GROUPS, self._groups, WORKER_GROUP.parse)),
            (JOBS, self._informer(JOBS, self._jobs, JOB.parse)),
            (PODS, self._informer(PODS, self._pods, Pod.parse)),
            (SERVICES, self._informer(SERVICES, self._services, Service.parse)),
        ]
        self._clock = SteppedClock()
        self.told: list[str] = []
        status = StatusWriter(kube, self._clock)
        self._executor = PlanExecutor(applier, status, self, self._clock)

    def _informer(self, resource: Resource, store: Any, parse: Any) -> Informer[Any]:
        source = self.kube.lister_watcher(resource)
        series = Metrics().informer(resource.plural)
        return Informer(resource.plural, source, store, parse, series, SystemClock())

    def record(self, resource: Resource, meta: Meta, event: Event) -> None:
        """Note an event, in the recorder's place."""
        self.told.append(f"{event.reason} {resource.kind} {meta.key.name}")

    def look(self) -> None:
        """Bring the caches up to date; without it they stay as stale as they are."""
        for resource, informer in self._informers:
            source = self.kube.lister_watcher(resource)
            informer.replace(
                ([o for o in page if _is_watched(o)], version) for page, version in source.pages()
            )

    def reconcile(self, resource: Resource, name: str) -> Result:
        """Make one pass over one object, with the caches as they are, a second after the last."""
        self._clock.step(1)
        return self._reconciler(resource).reconcile(key(name))

    def settle(self) -> int:
        """Make passes with fresh caches until a round writes nothing; return the rounds before it."""
        for round_ in range(MOST_ROUNDS):
            before = len(self.kube.writes)
            for resource in (CLUSTERS, WORKER_GROUPS, JOBS):
                for name in self.names(resource):
                    self.look()
                    self.reconcile(resource, name)
            if before == len(self.kube.writes):
                return round_
        raise AssertionError(f"still busy: {self.kube.writes[-10:]}")

    def _reconciler(self, resource: Resource) -> Reconciler:
        shared: dict[str, Any] = {
            "clusters": self._clusters,
            "pods": self._pods,
            "services": self._services,
            "executor": self._executor,
        }
        if resource == CLUSTERS:
            return ClusterReconciler(groups=self._groups, **shared)
        if resource == JOBS:
            return JobReconciler(jobs=self._jobs, **shared)
        return WorkerGroupReconciler(groups=self._groups, **shared)

    def apply_seed(self, file: str, resource: Resource, change: Manifest | None = None) -> None:
        """Create what one of the seed's manifests says, with a *change* of its spec merged in."""
        manifest = yaml.safe_load((SEED / file).read_text())
        manifest["metadata"]["namespace"] = NAMESPACE
        merge(manifest["spec"], change or {})
        self.kube.create(resource, manifest)

    def pods_run(self) -> None:
        """Every Pod that has not ended runs and is ready, as kubelets see to."""
        for pod in self.kube.listed(PODS.plural)[0]:
            if pod.get("status", {}).get("phase") not in {"Succeeded", "Failed"}:
                ready = [{"type": "Ready", "status": "True"}]
                self.set_pod(pod["metadata"]["name"], phase="Running", conditions=ready)

    def set_pod(self, name: str, **status: Any) -> None:
        """Write a Pod's status, as its kubelet does."""
        self.kube.merge_patch(PODS, key(name), {"status": status}, "status")

    def names(self, resource: Resource) -> list[str]:
        """The names of all objects of *resource*."""
        found = self.kube.listed(resource.plural)[0]
        return sorted(entry["metadata"]["name"] for entry in found)

    def workers(self, group: str) -> list[str]:
        """The names of a group's worker Pods."""
        return [name for name in self.names(PODS) if name.startswith(f"{group}-worker-")]

    def status(self, resource: Resource, name: str) -> Json:
        """The status of one object."""
        status: Json = self.kube.get(resource, key(name))["status"]
        return status

    def delete(self, resource: Resource, name: str) -> None:
        """Delete an object as a user does, dependents included."""
        at = NamespacedName(NAMESPACE, name)
        self.kube.delete(resource, at, self.kube.get(resource, at)["metadata"]["uid"])
        self.kube.collect_garbage()


@contextmanager
def a_world(kube: FakeKube | None = None) -> Iterator[World]:
    """An operator of its own on *kube*, or on a new server."""
    server = kube or FakeKube()
    applier = Applier(server, parallel=4)
    try:
        yield World(applier, server)
    finally:
        applier.stop()


def _is_watched(manifest: Manifest) -> bool:
    """Whether the operator's watches, which select Pods and Services by a label, would show it."""
    labels = manifest["metadata"].get("labels") or {}
    return manifest["kind"] not in {"Pod", "Service"} or CLUSTER_NAME_LABEL in labels
