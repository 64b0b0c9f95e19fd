"""What an informer does over a minute and more, with the pauses and limits that it really has."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Final, TypeAlias

import pytest

from daskop.api.meta import NamespacedName
from daskop.api.resources import Resource
from daskop.cache.backoff import Backoff
from tests.e2e.cluster.controlplane.api import path_of
from tests.e2e.cluster.controlplane.options import BARE
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.cluster.controlplane.waiting import wait_until
from tests.e2e.faults import faults
from tests.e2e.faults.following import (
    CONFIG_MAPS,
    Objects,
    compact,
    cut,
    following,
    full_lists,
    watched_versions,
)
from tests.e2e.faults.proxy import FaultProxy
from tests.e2e.faults.rules import Match, Rule

STALL_SECONDS: Final = 95.0
SICK_SECONDS: Final = 60.0
RECOVERY_SECONDS: Final = 75.0  # the longest pause is one of 60 s

SECRETS: Final = Resource("", "v1", "secrets", "Secret")
"""Nobody else writes any: the API server remembers the last events of each resource."""

REMEMBERED: Final = 100
"""So many events are remembered at least, and more only as long as they are fresh."""

FRESH_SECONDS: Final = 76.0
"""An event is fresh for 75 s."""

BOOKMARK_SECONDS: Final = 75.0
"""A bookmark comes each minute, give or take some seconds."""


@dataclass(frozen=True, slots=True)
class Found:
    """
    What came out of an experiment.

    Attributes:
        lists: Full lists that were made, the first one included.
        seconds: From the creation of an object until it was seen.
        requests: While the server was sick.
        versions: After which the watches began.
        first_is_gone: Whether the server has forgotten the first of these versions.
    """

    lists: int
    seconds: float = 0.0
    requests: int = 0
    versions: tuple[int, ...] = ()
    first_is_gone: bool = False


Experiment: TypeAlias = Callable[[ControlPlane], Found]
Experiments: TypeAlias = dict[Experiment, Future[Found]]


def objects_in(plane: ControlPlane, namespace: str, resource: Resource = CONFIG_MAPS) -> Objects:
    plane.api.create(path_of("v1", "namespaces"), {"metadata": {"name": namespace}})
    return Objects(plane.api, namespace, resource)


def half_open(plane: ControlPlane) -> Found:
    """No byte passes any more on all connections of the client, idle ones included."""
    objects = objects_in(plane, "half-open")
    with (
        FaultProxy(plane.kubeconfig) as proxy,
        following(proxy, objects, "a", backoff=Backoff()) as followed,
    ):
        followed.client.get(CONFIG_MAPS, NamespacedName(objects.namespace, "a"))
        assert 2 == proxy.connections.open
        proxy.stall()
        began = time.monotonic()
        objects.create("b")
        followed.wait_for_only("a", "b", within_seconds=STALL_SECONDS + 30)
        return Found(len(full_lists(proxy)), seconds=time.monotonic() - began)


def sick(plane: ControlPlane) -> Found:
    """The server answers 503 for a minute, and is well then."""
    objects = objects_in(plane, "sick")
    with (
        FaultProxy(plane.kubeconfig) as proxy,
        following(proxy, objects, "a", backoff=Backoff()) as followed,
    ):
        sickness = proxy.add(Rule(Match(), faults.Answer(503, "ServiceUnavailable")))
        cut(proxy)
        objects.create("b")
        wait_until_past(time.monotonic() + SICK_SECONDS)
        requests = sickness.fired
        sickness.remove()
        followed.wait_for_only("a", "b", within_seconds=RECOVERY_SECONDS)
        return Found(len(full_lists(proxy)), requests=requests)


def bookmarked(plane: ControlPlane) -> Found:
    """Nothing happens to the objects that are followed, and a lot to others."""
    objects = objects_in(plane, "bookmarked", SECRETS)
    others = objects_in(plane, "others", SECRETS)
    with (
        FaultProxy(plane.kubeconfig) as proxy,
        following(proxy, objects, "a", backoff=Backoff()) as followed,
    ):
        others.create_many([f"early{number}" for number in range(REMEMBERED - 10)])
        stale = time.monotonic() + FRESH_SECONDS
        followed.wait_until(lambda: followed.silent_seconds > 20, "silence", 30)
        followed.wait_until(lambda: followed.silent_seconds < 10, "a bookmark", BOOKMARK_SECONDS)
        wait_until_past(stale)
        others.create_many([f"late{number}" for number in range(REMEMBERED // 2)])
        compact(plane, others.version())
        first_is_gone = is_gone(objects, watched_versions(proxy)[0])
        cut(proxy)
        objects.create("b")
        followed.wait_for_only("a", "b")
        versions = tuple(watched_versions(proxy))
        return Found(len(full_lists(proxy)), versions=versions, first_is_gone=first_is_gone)


def is_gone(objects: Objects, version: int) -> bool:
    """Whether a watch after *version* is answered with one event, a 410."""
    query = {"watch": "true", "resourceVersion": f"{version}", "timeoutSeconds": "1"}
    event = objects.api.request("GET", objects.path, params=query)
    return ("ERROR", 410) == (event["type"], event["object"]["code"])


def wait_until_past(moment: float) -> None:
    within = max(0.0, moment - time.monotonic()) + 1
    wait_until(lambda: time.monotonic() > moment, "time", within_seconds=within, every=0.1)


@pytest.fixture(scope="module")
def experiments() -> Iterator[Experiments]:
    """All of them, made at the same time on a control plane that nothing else has busied."""
    with ControlPlane(BARE) as plane, ThreadPoolExecutor(3) as pool:
        futures: Experiments = {}
        for experiment in (half_open, sick, bookmarked):
            futures[experiment] = pool.submit(experiment, plane)
        wait(futures.values())
        yield futures


def test_a_half_open_watch_is_given_up(experiments: Experiments) -> None:
    """
    What happened behind a connection that is dead without an end is seen within 95 s, by a watch.
    """
    found = experiments[half_open].result()

    assert 60.0 < found.seconds < STALL_SECONDS
    assert 1 == found.lists


def test_a_sick_server_is_spared(experiments: Experiments) -> None:
    """
    A minute of 503 sees ten requests at most, and then all goes on without a list.
    """
    found = experiments[sick].result()

    assert 4 <= found.requests <= 10
    assert 1 == found.lists


def test_a_bookmark_keeps_an_idle_watch_young(experiments: Experiments) -> None:
    """
    When the server has forgotten where an idle watch began, it goes on behind the last bookmark.
    """
    found = experiments[bookmarked].result()

    assert found.first_is_gone
    assert 2 == len(found.versions)
    assert found.versions[1] >= found.versions[0] + REMEMBERED - 10
    assert 1 == found.lists
