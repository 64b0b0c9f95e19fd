"""An informer of labelled objects, and what it was told, to look at it while faults happen."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final, Self

import urllib3

from daskop.api.meta import Manifest, Meta
from daskop.api.resources import Resource
from daskop.cache.backoff import Backoff
from daskop.cache.informer import Change, Handler, Informer
from daskop.cache.store import Store
from daskop.clock import SystemClock
from daskop.kube.client import Client
from daskop.kube.transport import connect
from daskop.kube.watch import PAGE, ResourceWatcher
from daskop.metrics import Metrics
from tests.e2e.cluster.controlplane.api import Api, path_of
from tests.e2e.cluster.controlplane.errors import ApiError
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.cluster.controlplane.waiting import wait_until
from tests.e2e.faults.proxy import FaultProxy
from tests.e2e.faults.request import Seen

CONFIG_MAPS: Final = Resource("", "v1", "configmaps", "ConfigMap")

WITHIN_SECONDS: Final = 10.0

_LABEL: Final = "followed-in"
_CONNECTIONS: Final = 4
_WRITERS: Final = 8


class Impatient(Backoff):
    """Pauses that do not grow, for tests of what comes behind them."""

    def next(self) -> float:
        """A moment."""
        return 0.02


@dataclass(frozen=True, slots=True)
class Named:
    """All that is kept of an object."""

    meta: Meta

    @classmethod
    def parse(cls, manifest: Manifest) -> "Named":
        """Read *manifest*."""
        return cls(Meta.parse(manifest))

    @property
    def name(self) -> str:
        """The object's name."""
        return self.meta.key.name


@dataclass(frozen=True, slots=True)
class Objects:
    """
    The objects of one resource that one informer follows, written apart from any proxy.

    Attributes:
        namespace: Where they are, and what sets them apart from those of other tests.
    """

    api: Api
    namespace: str
    resource: Resource = CONFIG_MAPS

    @property
    def selector(self) -> str:
        """The label selector that finds these objects, and no others."""
        return f"{_LABEL}={self.namespace}"

    @property
    def path(self) -> str:
        """The path of all of them."""
        return path_of(self.resource.api_version, self.resource.plural, self.namespace)

    def manifest(self, name: str) -> dict[str, object]:
        """A new object; the field that an Event needs is unknown to other kinds."""
        labels = {_LABEL: self.namespace}
        of_event = {"involvedObject": {"namespace": self.namespace}}
        return {
            "metadata": {"name": name, "namespace": self.namespace, "labels": labels},
            **(of_event if self.resource.plural == "events" else {}),
        }

    def create(self, *names: str) -> None:
        """Create objects, one after the other."""
        for name in names:
            self.api.create(self.path, self.manifest(name))

    def create_many(self, names: list[str]) -> None:
        """Create objects in no order, as fast as it goes."""
        with ThreadPoolExecutor(_WRITERS) as pool:
            list(pool.map(self.create, names))

    def touch(self, name: str, value: str) -> None:
        """Change an object."""
        self.api.patch(f"{self.path}/{name}", {"metadata": {"annotations": {"touched": value}}})

    def delete(self, *names: str) -> None:
        """Delete objects."""
        for name in names:
            self.api.delete(f"{self.path}/{name}")

    def names(self) -> set[str]:
        """The names that the server has."""
        return {found["metadata"]["name"] for found in self.api.list(self.path, self.selector)}

    def version(self) -> str:
        """The version of now."""
        version: str = self.api.get(self.path)["metadata"]["resourceVersion"]
        return version


class Following:
    """
    An informer that runs as long as a ``with`` block.

    Args:
        kubeconfig: Says which server, as whom; mostly that of a proxy.
        objects: What is followed.
        backoff: By default an impatient one.
        handler: Is told of each change, before it is written down.

    Attributes:
        changes: All that a handler was told.
    """

    def __init__(
        self,
        kubeconfig: Path,
        objects: Objects,
        backoff: Backoff | None = None,
        handler: Handler[Named] | None = None,
    ) -> None:
        self.metrics = Metrics()
        self.changes: list[Change[Named]] = []
        self.client = Client(connect(kubeconfig, _CONNECTIONS), self.metrics)
        self._resource = objects.resource.plural
        self.informer = Informer(
            self._resource,
            ResourceWatcher(self.client, objects.resource, objects.selector),
            Store[Named](),
            Named.parse,
            self.metrics.informer(self._resource),
            SystemClock(),
            backoff or Impatient(),
        )
        for one in filter(None, (handler, self.changes.append)):
            self.informer.add_handler(one)

    def __enter__(self) -> Self:
        self.informer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.informer.stop()
        self.informer.join()
        self.client.close()

    @property
    def lists(self) -> int:
        """Full lists that succeeded."""
        return int(self._sample("lists_total"))

    @property
    def watches(self) -> int:
        """Watches that were begun."""
        return int(self._sample("watches_total"))

    @property
    def silent_seconds(self) -> float:
        """Since the server last said anything, be it a bookmark."""
        return self._sample("last_event_age_seconds")

    def names(self) -> set[str]:
        """What the store holds."""
        return {key.name for key in self.informer.store.snapshot()}

    def told(self, name: str) -> list[Change[Named]]:
        """What handlers were told of one object."""
        return [change for change in list(self.changes) if change.views[0].name == name]

    def wait_until_synced(self) -> None:
        """Wait for the first list."""
        assert self.informer.wait_until_synced(WITHIN_SECONDS), "no list came"

    def wait_for(self, *names: str, within_seconds: float = WITHIN_SECONDS) -> None:
        """Wait until the store holds these objects, and perhaps others."""
        self.wait_until(lambda: self.names() >= set(names), f"{names}", within_seconds)

    def wait_for_only(self, *names: str, within_seconds: float = WITHIN_SECONDS) -> None:
        """Wait until the store holds these objects and no others."""
        self.wait_until(lambda: self.names() == set(names), f"only {names}", within_seconds)

    def wait_for_changes(self, count: int) -> None:
        """Wait until handlers were told so many changes."""
        self.wait_until(lambda: len(self.changes) >= count, f"{count} changes")

    def wait_until(
        self, condition: Callable[[], bool], what: str, within_seconds: float = WITHIN_SECONDS
    ) -> None:
        """Wait until *condition* holds; the error of one that does not says what is stored."""
        try:
            wait_until(condition, what, within_seconds=within_seconds)
        except TimeoutError as error:
            error.add_note(f"in the store: {sorted(self.names())}, {self.lists} lists")
            raise

    def _sample(self, name: str) -> float:
        labels = {"resource": self._resource, "namespace": ""}
        return self.metrics.registry.get_sample_value(f"daskop_informer_{name}", labels) or 0.0


@contextmanager
def following(
    proxy: FaultProxy, objects: Objects, *names: str, backoff: Backoff | None = None
) -> Iterator[Following]:
    """Create objects, and follow them through *proxy*; begins when they are known and watched."""
    objects.create(*names)
    with Following(proxy.kubeconfig, objects, backoff) as followed:
        followed.wait_until_synced()
        followed.wait_for_only(*names)
        wait_until_watched(proxy)
        yield followed


def wait_until_watched(proxy: FaultProxy) -> None:
    """Wait until a watch is open."""
    wait_until(lambda: proxy.open_watches, "an open watch", within_seconds=WITHIN_SECONDS)


def cut(proxy: FaultProxy) -> None:
    """Cut the one watch that is open, once it is."""
    wait_until_watched(proxy)
    wait_until(lambda: proxy.cut() == 1, "a watch to cut", within_seconds=WITHIN_SECONDS)


def full_lists(proxy: FaultProxy) -> list[Seen]:
    """The first pages of lists that came to *proxy*; a question for the version is none."""
    pages = [seen for seen in proxy.seen("list") if seen.query.get("limit") == f"{PAGE}"]
    return [seen for seen in pages if "continue" not in seen.query]


def watched_versions(proxy: FaultProxy) -> list[int]:
    """The versions that the watches of *proxy* began after, in order."""
    return [int(seen.query["resourceVersion"]) for seen in proxy.seen("watch")]


def compact(plane: ControlPlane, version: str) -> None:
    """Have etcd forget all that was before *version*; its gRPC gateway takes JSON."""
    answer = urllib3.request(
        "POST",
        f"http://127.0.0.1:{plane.ports.etcd}/v3/kv/compaction",
        body=json.dumps({"revision": version, "physical": True}),
        timeout=WITHIN_SECONDS,
        retries=False,
    )
    assert 200 == answer.status, answer.data


def bound_token(api: Api, namespace: str, account: str) -> str:
    """A token of a service account that dies with the Secret ``bound``, which is made."""
    path = path_of("v1", "secrets", namespace)
    uid = api.create(path, {"metadata": {"name": "bound"}})["metadata"]["uid"]
    to = {"apiVersion": "v1", "kind": "Secret", "name": "bound", "uid": uid}
    path = path_of("v1", "serviceaccounts", namespace, account)
    answer = api.create(f"{path}/token", {"spec": {"boundObjectRef": to}})
    token: str = answer["status"]["token"]
    return token


def wait_until_refused(api: Api, token: str) -> None:
    """Wait until a token is not valid any more; the server remembers for ten seconds that it was."""

    def is_refused() -> bool:
        try:
            user.get(path_of("v1", "namespaces"))
        except ApiError as error:
            return error.status == HTTPStatus.UNAUTHORIZED
        return False

    with closing(api.as_user(token)) as user:
        wait_until(is_refused, "the end of a token", within_seconds=2 * WITHIN_SECONDS)
