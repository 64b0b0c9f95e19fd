"""Candidates for a lease, each with clocks and a line to the server of its own."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from daskop.api.meta import Manifest, NamespacedName
from daskop.api.resources import LEASES, Resource
from daskop.errors import ConnectionFailedError
from daskop.runtime.leader_election import LeaderElector, LeaseTimes
from tests.unit.builders import key
from tests.unit.fakes.clock import SteppedClock
from tests.unit.fakes.kube import FakeKube

LEASE = key("lease")


def nothing() -> None:
    """Happens on a line without delay."""


class Candidate:
    """One replica: its clocks, its line to the server (a ``Writer``), and its elector."""

    def __init__(
        self,
        kube: FakeKube,
        time: SteppedClock,
        identity: str,
        times: LeaseTimes = LeaseTimes(),  # noqa: B008 - frozen
    ) -> None:
        self.offset = 0.0  # of the monotonic clock, fixed from the start
        self.wall = 0.0
        self.fails = ""  # every write, before or after its effect
        self.on_the_way: Callable[[], None] = nothing
        self.on_the_way_back: Callable[[], None] = nothing
        self.losses = 0
        self.reads = 0
        self._kube = kube
        self._time = time
        self.elector = LeaderElector(self, LEASE, identity, self, times, on_lost=self._lose)

    def now(self) -> datetime:
        return self._time.now() + timedelta(seconds=self.wall)

    def monotonic(self) -> float:
        return self._time.monotonic() + self.offset

    def get(self, resource: Resource, key: NamespacedName) -> Manifest:
        self.reads += 1
        return self._send(lambda: self._kube.get(resource, key), "")

    def create(self, resource: Resource, manifest: Manifest) -> Manifest:
        return self._send(lambda: self._kube.create(resource, manifest), self.fails)

    def merge_patch(
        self, resource: Resource, key: NamespacedName, body: Manifest, subresource: str = ""
    ) -> Manifest:
        patch = self._kube.merge_patch
        return self._send(lambda: patch(resource, key, body, subresource), self.fails)

    def delete(
        self, resource: Resource, key: NamespacedName, uid: str, resource_version: str = ""
    ) -> Manifest:
        raise NotImplementedError

    def step(self) -> bool:
        return self.elector.try_acquire_or_renew()

    def _send(self, request: Callable[[], Manifest], fails: str) -> Manifest:
        self.on_the_way()
        if fails == "before":
            raise ConnectionFailedError("refused")
        answer = request()
        self.on_the_way_back()
        if fails == "after":
            raise ConnectionFailedError("reset")
        return answer

    def _lose(self) -> None:
        self.losses += 1


class Pair:
    """Two replicas and the server between them."""

    def __init__(self) -> None:
        self.time = SteppedClock()
        self.kube = FakeKube()
        self.a = Candidate(self.kube, self.time, "a")
        self.b = Candidate(self.kube, self.time, "b")

    def spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = self.kube.get(LEASES, LEASE)["spec"]
        return spec
