"""A server, and a copy of its Pods that is told what happens when a test says so."""

from collections.abc import Callable
from typing import Any

from daskop.api.children import Pod
from daskop.api.meta import Manifest, NamespacedName
from daskop.api.resources import PODS, Resource
from daskop.cache.informer import Change, Informer
from daskop.cache.store import Store
from daskop.metrics import Metrics
from daskop.runtime.write_through import WriteThrough
from tests.unit.fakes.clock import SteppedClock
from tests.unit.fakes.kube import FakeKube
from tests.unit.fakes.lister_watcher import FakeListerWatcher


def a_manifest(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "ns"}}


class Source(FakeListerWatcher):
    """A source that counts how often a watch was to end; there is none under way."""

    interrupts = 0

    def interrupt(self) -> None:
        """Count."""
        self.interrupts += 1


class Hasty(FakeKube):
    """A server that may do more before its answer to a create or a get arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[Manifest], None] = lambda _: None

    def create(self, resource: Resource, manifest: Manifest) -> dict[str, Any]:
        answer = super().create(resource, manifest)
        self.meanwhile(answer)
        return answer

    def get(self, resource: Resource, key: NamespacedName) -> dict[str, Any]:
        answer = super().get(resource, key)
        self.meanwhile(answer)
        return answer


class Copy:
    """A server, an informer of its Pods without a thread, and a writer that goes through it."""

    def __init__(self) -> None:
        self.kube = Hasty()
        self.source = Source(self.kube, "pods")
        self.store: Store[Pod] = Store()
        metrics = Metrics().informer("pods")
        self.informer = Informer(
            "pods", self.source, self.store, Pod.parse, metrics, SteppedClock()
        )
        self.changes: list[Change[Pod]] = []
        self.informer.add_handler(self.changes.append)
        self.writer = WriteThrough(self.kube, {PODS: self.informer})
        self._seen = 0

    def relist(self) -> None:
        self._seen = int(self.informer.replace(self.source.pages()))

    def watch(self) -> None:
        """Hand over all that has happened since."""
        events, self._seen = self.kube.wait_for_events("pods", self._seen, lambda: True)
        for event in events:
            self.informer.apply(event)

    @property
    def told(self) -> list[str]:
        """Each change as the version that is there now."""
        return [version(change.new) for change in self.changes]


def version(pod: Pod | None) -> str:
    return pod.meta.resource_version if pod else "gone"
