"""How many watch events of Pods an informer takes in, against a loop that only decodes them."""

import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import urllib3
import yaml

from benchmarks.figure import RUNS, Benchmark, Figure, Say, Target
from benchmarks.watch_server import FIRST_VERSION, watch_server
from daskop.api.children import Pod
from daskop.api.meta import HasMeta, NamespacedName
from daskop.api.resources import PODS, WORKER_GROUPS
from daskop.cache.informer import Change, Handler, Informer
from daskop.cache.store import Store, by_controller
from daskop.clock import SystemClock
from daskop.controllers.worker_group import BY_CONTROLLER
from daskop.kube.client import Client
from daskop.kube.transport import connect
from daskop.kube.watch import SEGMENT, ResourceWatcher
from daskop.metrics import Metrics
from daskop.runtime.handlers import enqueue_owner
from daskop.workqueue.queue import WorkQueue

EVENTS = 50_000
TARGET = Target(10_000, at_least=True)
CONNECTIONS = 4
PATIENCE_SECONDS = 120.0


class Stopwatch:
    """
    A handler that passes on to another one, and notes when the first and the last event came.

    Attributes:
        ended: Set by the last one.
    """

    def __init__(self, total: int, inner: Handler[HasMeta]) -> None:
        self._left = total
        self._inner = inner
        self._began = self._ended_at = 0.0
        self.ended = threading.Event()

    def __call__(self, change: Change[HasMeta]) -> None:
        """Take in one event."""
        if not self._began:
            self._began = perf_counter()
        self._inner(change)
        self._left -= 1
        if not self._left:
            self._ended_at = perf_counter()
            self.ended.set()

    @property
    def seconds(self) -> float:
        """From the first event to the last."""
        return self._ended_at - self._began


@contextmanager
def client_of(url: str) -> Iterator[Client]:
    """The operator's own client of the server at *url*."""
    content = {
        "clusters": [{"name": "x", "cluster": {"server": url}}],
        "users": [{"name": "x", "user": {}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "current-context": "x",
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kubeconfig"
        path.write_text(yaml.safe_dump(content))
        client = Client(connect(path, CONNECTIONS), Metrics())
        try:
            yield client
        finally:
            client.close()


def informer_rate(client: Client, total: int = EVENTS) -> float:
    """Events per second into the store and, by their owners, into a queue."""
    metrics, clock = Metrics(), SystemClock()
    queue: WorkQueue[NamespacedName] = WorkQueue(metrics.queue("owners"), clock)
    store: Store[Pod] = Store({BY_CONTROLLER: by_controller})
    source = ResourceWatcher(client, PODS)
    informer = Informer("pods", source, store, Pod.parse, metrics.informer("pods"), clock)
    watch = Stopwatch(total, enqueue_owner(queue, WORKER_GROUPS.kind))
    informer.add_handler(watch)
    informer.start()
    try:
        if not watch.ended.wait(PATIENCE_SECONDS):
            raise TimeoutError(f"the informer did not take in {total} events")
    finally:
        informer.stop()
        informer.join()
    return (total - 1) / watch.seconds


def bare_rate(url: str, total: int = EVENTS) -> float:
    """Events per second, split and decoded, and no more."""
    with urllib3.PoolManager() as pool:
        query = f"{url}{PODS.path()}?watch=true&resourceVersion={FIRST_VERSION}"
        answer = pool.request("GET", query, preload_content=False, retries=False)
        left, pending, began = total, b"", 0.0
        for segment in answer.stream(SEGMENT, decode_content=False):
            began = began or perf_counter()
            *lines, pending = (pending + segment).split(b"\n")
            for line in lines:
                json.loads(line)
            left -= len(lines)
            if not left:
                break
        seconds = perf_counter() - began
        answer.close()
    return (total - 1) / seconds


def measure(say: Say) -> list[Figure]:
    """Take in the same bytes both ways, in turn."""
    ours, bare = [], []
    with watch_server(EVENTS) as url, client_of(url) as client:
        for _ in range(RUNS):
            bare.append(bare_rate(url))
            ours.append(informer_rate(client))
            say(f"{ours[-1]:,.0f} events/s, bare {bare[-1]:,.0f}")
    return [Figure("events taken in", "events/s", tuple(ours), tuple(bare), TARGET)]


BENCHMARK = Benchmark(
    "Watch events",
    f"An informer of Pods, with the view, the index and the handler that the operator has, takes in "
    f"{EVENTS:,} events of about 5.7 KB from an HTTP server in a process of its own that sends them "
    "as fast as it can. The bare loop reads the same bytes with urllib3, splits them into lines and "
    "decodes each.",
    measure,
)
