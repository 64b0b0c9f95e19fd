"""
What every operator needs around its reconcilers, whatever they reconcile: built once, started in
order, stopped in reverse.
"""

import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any, TypeVar

import structlog

from daskop.api.meta import HasMeta, Manifest, NamespacedName
from daskop.api.resources import Resource
from daskop.cache.informer import Informer
from daskop.cache.informers import Informers
from daskop.cache.store import Store
from daskop.clock import SystemClock
from daskop.errors import ForbiddenError
from daskop.kube.client import Client
from daskop.kube.transport import connect, no_gate
from daskop.kube.watch import ResourceWatcher
from daskop.metrics import Metrics
from daskop.runtime.applier import Applier
from daskop.runtime.controller import Controller
from daskop.runtime.executor import PlanExecutor
from daskop.runtime.http_server import HttpServer, check
from daskop.runtime.leader_election import LeaderElector
from daskop.runtime.reconciler import Reconciler
from daskop.runtime.recorder import EventRecorder
from daskop.runtime.status import StatusWriter
from daskop.runtime.stop_signals import StopSignals
from daskop.runtime.write_through import WriteThrough
from daskop.settings import Settings
from daskop.token_bucket import TokenBucket

PASS_SECONDS = 20.0
"""How long a stop waits for the passes under way; a Pod gets 30 s to end."""

FLUSH_SECONDS = 2.0
"""How long a stop waits for events that are not written yet."""

LEASE_CONNECTIONS = 2
LEASE_SECONDS = 4.0
"""The lease has a client of its own: its requests must not wait for others, nor for long."""

RIGHTS_HINT = "docs/security.md lists the rights that the operator needs, and why"

V = TypeVar("V", bound=HasMeta)

log = structlog.get_logger(__name__)


class Engine:
    """
    One operator process; a composition root adds informers and controllers, and runs it.

    Attributes:
        executor: Carries out the plans of all reconcilers.

    Raises:
        DaskopError: If there is no usable configuration.
        OSError: If a port is taken.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stopping = StopSignals()
        self._working = threading.Event()
        self._identity = f"{socket.gethostname()}_{uuid.uuid4().hex[:8]}"
        self.metrics = Metrics()
        self._clock = SystemClock()
        # Watches hold a connection each, of at most 8 resources; lists and others share as many.
        watches = 8 * max(1, len(settings.namespaces))
        transport = connect(settings.kubeconfig, settings.parallel_requests + 2 * watches)
        self._elector = self._build_elector()
        gate = self._elector.check if self._elector else no_gate
        self._client = Client(transport, self.metrics, self._limit(), gate=gate)
        self._informers: dict[Resource, Informers[Any]] = {}
        self._needed: list[Informer[Any]] = []
        self._controllers: list[Controller] = []
        cached = WriteThrough(self._client, self._informers)
        self._applier = Applier(cached, settings.parallel_requests)
        # Events are neither cached nor waited for.
        self._recorder = EventRecorder(self._client, self._clock, self.metrics, self._identity)
        status = StatusWriter(cached, self._clock)
        self.executor = PlanExecutor(self._applier, status, self._recorder, self._clock)
        self._servers = self._build_servers()

    def informer(
        self,
        resource: Resource,
        store: Store[V],
        parse: Callable[[Manifest], V],
        label: str = "",
        *,
        needed: bool = True,
    ) -> Informers[V]:
        """
        Keep *store* equal to what the server holds of *resource*; with *label*, of what has it.

        Where it is not *needed* for decisions, nobody waits for it, nor for the right to read it.
        """
        informers = Informers(
            store,
            {
                namespace: Informer(
                    resource.plural,
                    ResourceWatcher(self._client, resource, label, namespace),
                    store,
                    parse,
                    self.metrics.informer(resource.plural, namespace),
                    self._clock,
                    label=label,
                    namespace=namespace,
                )
                for namespace in self._settings.namespaces or ("",)
            },
        )
        self._informers[resource] = informers
        if needed:
            self._needed.extend(informers.members.values())
        return informers

    def controller(self, reconciler: Reconciler) -> Controller:
        """Run *reconciler* for each key that is put into the controller's queue."""
        threads = self._settings.worker_threads
        controller = Controller(reconciler, threads, self._clock, self.metrics)
        self._controllers.append(controller)
        return controller

    @property
    def addresses(self) -> dict[str, str]:
        """Where ``health`` and ``metrics`` are served."""
        return {server.name: server.address for server in self._servers}

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; a second signal ends the process at once."""
        with self._stopping, ExitStack() as stack:
            self._prepare_stop(stack)
            self._start()
            self._stopping.wait()
            log.info("stopping")
        log.info("stopped")

    def _limit(self) -> TokenBucket | None:
        rate, burst = self._settings.requests_per_second, self._settings.request_burst
        return TokenBucket(rate, burst, self._clock) if rate > 0 else None

    def _build_elector(self) -> LeaderElector | None:
        namespace = self._settings.lease_namespace
        if not namespace:
            self.metrics.leader.set(1)
            return None
        transport = connect(self._settings.kubeconfig, LEASE_CONNECTIONS)
        client = Client(transport, self.metrics, read_seconds=LEASE_SECONDS)
        key = NamespacedName(namespace, self._settings.lease_name)
        elector = LeaderElector(client, key, self._identity, self._clock, on_lost=self._on_lost)
        self.metrics.leader.set_function(lambda: elector.is_leader)
        return elector

    def _build_servers(self) -> list[HttpServer]:
        health = {
            "/healthz": check(self._why_unhealthy),
            "/readyz": check(self._why_unready),
        }
        metrics = {"/metrics": self._metrics_page}
        return [
            HttpServer("health", self._settings.health, health),
            HttpServer("metrics", self._settings.metrics, metrics),
        ]

    def _metrics_page(self) -> tuple[HTTPStatus, bytes]:
        for controller in self._controllers:
            controller.check_timeouts()
        return HTTPStatus.OK, self.metrics.page()

    def _each_informer(self) -> Iterator[Informer[Any]]:
        for informers in self._informers.values():
            yield from informers.members.values()

    def _why_unready(self) -> str:
        """Empty if we are; followers are ready too: their caches are as warm as the leader's."""
        if self._stopping.is_set():
            return "stopping"
        refusals = [informer.refusal for informer in self._needed if informer.refusal]
        # Without the right to the lease we shall never lead; that another leads is no trouble.
        trouble = self._elector.trouble if self._elector is not None else None
        if isinstance(trouble, ForbiddenError):
            refusals.append(str(trouble))
        if refusals:
            return "\n".join([*sorted(refusals), RIGHTS_HINT])
        waiting = sorted({informer.name for informer in self._needed if not informer.has_synced})
        return f"the caches are not filled yet: {', '.join(waiting)}" if waiting else ""

    def _why_unhealthy(self) -> str:
        return "" if self._healthy() else "a thread has died or is stuck"

    def _healthy(self) -> bool:
        """
        Whether every thread that was started lives and gets on.

        Whether the API server can be reached is not asked: to start again does not mend that.
        """
        for controller in self._controllers:
            controller.check_timeouts()
        informers = all(informer.alive for informer in self._each_informer())
        electing = self._elector is None or not self._elector.failed
        if not self._working.is_set():
            return informers and electing
        working = all(controller.alive for controller in self._controllers)
        return informers and electing and working and self._recorder.alive

    def _prepare_stop(self, stack: ExitStack) -> None:
        """Note how each part is stopped; what is noted last is stopped first."""
        stack.callback(self._client.close)
        for server in self._servers:
            stack.callback(server.stop)
        if self._elector is not None:
            stack.callback(self._elector.stop)  # after the last write: another may lead then
        stack.callback(self._recorder.stop)
        stack.callback(self._recorder.flush, FLUSH_SECONDS)
        stack.callback(self._stop_work)
        stack.callback(self._stop_informers)

    def _start(self) -> None:
        # Probes are answered from the first moment on: a slow list is no reason to be restarted.
        for server in self._servers:
            server.start()
        for informer in self._each_informer():
            informer.start()
        log.info("started", **self.addresses, identity=self._identity)
        # No pass on half a cache: it would take what is not listed yet for missing.
        self._wait_for(self._all_synced)
        if self._elector is not None:
            self._elector.start()
            self._wait_for(self._elector.wait_until_leader)
        if self._stopping.is_set():
            return
        self._recorder.start()
        for controller in self._controllers:
            controller.start()
        self._working.set()
        objects = {i.plural: len(found.store) for i, found in self._informers.items()}
        log.info("ready", objects=objects)

    def _wait_for(self, condition: Callable[[float], bool]) -> None:
        """Wait for *condition*, asked again and again for a moment each, or for the stop."""
        while not self._stopping.is_set() and not condition(0.1):
            pass

    def _all_synced(self, seconds: float) -> bool:
        return all(informer.wait_until_synced(seconds) for informer in self._needed)

    def _stop_informers(self) -> None:
        for informer in self._each_informer():
            informer.stop()
        for informer in self._each_informer():
            informer.join()

    def _stop_work(self) -> None:
        for controller in self._controllers:
            controller.stop()
        self._applier.end()  # a long plan is the next leader's to go on with
        deadline = self._clock.monotonic() + PASS_SECONDS
        for controller in self._controllers:
            if not controller.join(max(0.0, deadline - self._clock.monotonic())):
                os._exit(1)  # threads that hang would hold up the interpreter's end for ever
        self._applier.stop()

    def _on_lost(self) -> None:
        """Another replica may lead by now: what is under way here must not go on."""
        os._exit(1)
