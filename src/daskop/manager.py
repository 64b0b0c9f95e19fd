"""The composition root: builds everything once, starts it in order, stops it in reverse."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any, TypeVar

import structlog

from daskop.api.children import Pod, Service
from daskop.api.cluster import CLUSTER, DaskCluster
from daskop.api.job import JOB, DaskJob
from daskop.api.meta import HasMeta, Manifest, NamespacedName
from daskop.api.resources import CLUSTERS, JOBS, PODS, SERVICES, WORKER_GROUPS, Resource
from daskop.api.wellknown import CLUSTER_NAME_LABEL
from daskop.api.worker_group import WORKER_GROUP, DaskWorkerGroup
from daskop.cache.informer import Informer
from daskop.cache.store import Store
from daskop.clock import SystemClock
from daskop.controllers.cluster import ClusterReconciler
from daskop.controllers.job import JobReconciler
from daskop.controllers.worker_group import BY_CLUSTER, BY_CONTROLLER, WorkerGroupReconciler
from daskop.kube.client import Client
from daskop.kube.transport import connect
from daskop.kube.watch import ResourceWatcher
from daskop.metrics import Metrics
from daskop.runtime.applier import Applier
from daskop.runtime.controller import Controller
from daskop.runtime.executor import PlanExecutor
from daskop.runtime.handlers import enqueue_owner, enqueue_related, enqueue_self
from daskop.runtime.http_server import HttpServer, check
from daskop.runtime.reconciler import Reconciler
from daskop.runtime.status import StatusWriter
from daskop.settings import Settings

V = TypeVar("V", bound=HasMeta)

log = structlog.get_logger(__name__)


class Manager:
    """
    One operator process.

    Raises:
        DaskopError: If there is no usable configuration.
        OSError: If a port is taken.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stopping = threading.Event()
        self._working = threading.Event()
        self._metrics = Metrics()
        self._clock = SystemClock()
        # Watches hold a connection each; half as many again for lists, and one to spare.
        self._transport = connect(settings.kubeconfig, settings.parallel_requests + 16)
        self._client = Client(self._transport, self._metrics)
        self._applier = Applier(self._client, settings.parallel_requests)
        self._build_informers()
        self._build_controllers()
        self._connect_handlers()
        self._servers = self._build_servers()

    def _build_informers(self) -> None:
        self._clusters: Informer[DaskCluster] = self._informer(CLUSTERS, Store(), CLUSTER.parse)
        self._groups: Informer[DaskWorkerGroup] = self._informer(
            WORKER_GROUPS,
            Store({BY_CLUSTER: lambda group: (_cluster_of(group),)}),
            WORKER_GROUP.parse,
        )
        self._jobs: Informer[DaskJob] = self._informer(JOBS, Store(), JOB.parse)
        self._pods: Informer[Pod] = self._informer(
            PODS, Store({BY_CONTROLLER: _controller_uid}), Pod.parse, CLUSTER_NAME_LABEL
        )
        self._services: Informer[Service] = self._informer(
            SERVICES, Store(), Service.parse, CLUSTER_NAME_LABEL
        )
        self._informers: list[Informer[Any]] = [
            self._clusters,
            self._groups,
            self._jobs,
            self._pods,
            self._services,
        ]

    def _informer(
        self,
        resource: Resource,
        store: Store[V],
        parse: Callable[[Manifest], V],
        label_selector: str = "",
    ) -> Informer[V]:
        name = resource.plural
        synced, lists = (
            self._metrics.informer_synced.labels(name),
            self._metrics.relists.labels(name),
        )
        source = ResourceWatcher(self._client, self._transport, resource, label_selector)

        def on_list() -> None:
            lists.inc()
            synced.set(1)

        return Informer(name, source, store, parse, on_list)

    def _build_controllers(self) -> None:
        status = StatusWriter(self._client)
        executor = PlanExecutor(self._applier, status, self._clock)
        clusters, groups = self._clusters.store, self._groups.store
        pods, services, jobs = self._pods.store, self._services.store, self._jobs.store
        self._cluster_controller = self._controller(
            ClusterReconciler(
                clusters=clusters, groups=groups, pods=pods, services=services, executor=executor
            )
        )
        self._group_controller = self._controller(
            WorkerGroupReconciler(groups=groups, clusters=clusters, pods=pods, executor=executor)
        )
        self._job_controller = self._controller(
            JobReconciler(jobs=jobs, clusters=clusters, pods=pods, executor=executor)
        )
        self._controllers = [
            self._cluster_controller,
            self._group_controller,
            self._job_controller,
        ]

    def _controller(self, reconciler: Reconciler) -> Controller:
        return Controller(reconciler, self._settings.worker_threads, self._clock, self._metrics)

    def _connect_handlers(self) -> None:
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

    def _groups_of(self, cluster: DaskCluster) -> Iterator[NamespacedName]:
        groups = self._groups.store.by_index(BY_CLUSTER, cluster.meta.key)
        return (group.meta.key for group in groups)

    def _build_servers(self) -> list[HttpServer]:
        health = {
            "/healthz": check(self._healthy, "a thread has died"),
            "/readyz": check(self._ready, "the caches are not filled yet"),
        }
        metrics = {"/metrics": lambda: (HTTPStatus.OK, self._metrics.page())}
        return [
            HttpServer("health", self._settings.health, health),
            HttpServer("metrics", self._settings.metrics, metrics),
        ]

    def _ready(self) -> bool:
        return all(informer.has_synced for informer in self._informers)

    def _healthy(self) -> bool:
        """Whether every thread that was started lives; before that there is nothing to lose."""
        if not self._working.is_set():
            return True
        informers = all(informer.alive for informer in self._informers)
        return informers and all(controller.alive for controller in self._controllers)

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; a second signal ends the process at once."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        with ExitStack() as stack:
            self._start(stack)
            self._stopping.wait()
            log.info("stopping")
        log.info("stopped")

    def _start(self, stack: ExitStack) -> None:
        """Start each part and note how it is stopped; the last one started is stopped first."""
        stack.callback(self._transport.close)
        for server in self._servers:
            stack.callback(server.stop)
            server.start()
        stack.callback(self._applier.stop)
        for controller in self._controllers:
            stack.callback(controller.stop)
        for informer in self._informers:
            stack.callback(informer.stop)
            informer.start()
        log.info("started", health=self._servers[0].port, metrics=self._servers[1].port)
        while not self._stopping.is_set() and not self._ready():
            for informer in self._informers:
                informer.wait_until_synced(0.1)
        if self._stopping.is_set():
            return
        for controller in self._controllers:
            controller.start()
        self._working.set()
        log.info("ready", objects={i.name: len(i.store) for i in self._informers})

    def _on_signal(self, number: int, _frame: object) -> None:
        """Begin to stop; a second signal ends the process at once."""
        if self._stopping.is_set():
            os._exit(128 + number)  # the default action would not end process 1 of a container
        self._stopping.set()


def _cluster_of(group: DaskWorkerGroup) -> NamespacedName:
    return NamespacedName(group.meta.key.namespace, group.spec.cluster)


def _controller_uid(pod: Pod) -> tuple[str, ...]:
    controller = pod.meta.controller
    return (controller.uid,) if controller else ()
