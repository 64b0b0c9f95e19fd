"""Client, watch and informer on a real API server lose nothing while connections fail."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from daskop.api.meta import NamespacedName
from daskop.api.resources import EVENTS
from daskop.cache.informer import Change
from daskop.kube.client import Client
from daskop.kube.transport import connect
from daskop.kube.watch import PAGE
from daskop.metrics import Metrics
from tests.e2e.cluster.controlplane.api import Api, path_of
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.cluster.controlplane.waiting import wait_until
from tests.e2e.faults import faults
from tests.e2e.faults.following import (
    CONFIG_MAPS,
    Following,
    Named,
    Objects,
    bound_token,
    compact,
    cut,
    following,
    full_lists,
    wait_until_refused,
    wait_until_watched,
    watched_versions,
)
from tests.e2e.faults.proxy import FaultProxy
from tests.e2e.faults.rules import Match, Rule

WATCHES = Match("watch")

pytest_plugins = ["tests.e2e.faults.fixtures"]


@pytest.fixture
def objects(api: Api, namespace: str) -> Objects:
    """ConfigMaps that no other test follows."""
    return Objects(api, namespace)


def status_410(proxy: FaultProxy) -> None:
    proxy.add(Rule(WATCHES, faults.Answer(410, "Expired"), times=1))
    cut(proxy)


def event_410(proxy: FaultProxy) -> None:
    proxy.add(Rule(WATCHES, faults.ErrorEvent(410, "Expired"), times=1))


@pytest.mark.parametrize("expire", [status_410, event_410])
def test_an_expired_version_costs_one_list(
    proxy: FaultProxy, objects: Objects, expire: Callable[[FaultProxy], None]
) -> None:
    """
    After a 410, be it a status or an event, one list brings what was missed, and the watch goes on.
    """
    with following(proxy, objects, "a") as followed:
        proxy.add(Rule(WATCHES, faults.DropEvents("ADDED|DELETED", "a|missed")))
        objects.create("missed")
        objects.delete("a")
        objects.create("seen")
        followed.wait_for_only("a", "seen")
        expire(proxy)
        followed.wait_for_only("missed", "seen")
        wait_until_watched(proxy)
        objects.create("later")
        followed.wait_for_only("missed", "seen", "later")

        assert 2 == followed.lists == len(full_lists(proxy))


def test_what_was_deleted_meanwhile_is_told_after_a_compaction(
    proxy: FaultProxy, control_plane: ControlPlane, objects: Objects
) -> None:
    """
    When etcd has forgotten the deletes, the list tells handlers of them, marked as listed.
    """
    events = replace(objects, resource=EVENTS)  # no watch cache remembers for etcd
    with following(proxy, events, "a", "b", "c", "d") as followed:
        away = proxy.add(Rule(WATCHES, faults.Answer(503, "ServiceUnavailable")))
        cut(proxy)
        wait_until(lambda: away.fired, "a watch refused", within_seconds=10)
        events.delete("a", "b", "c")
        compact(control_plane, events.version())
        away.remove()
        followed.wait_for_only("d")

        gone = [change for change in followed.changes if change.new is None]
        assert ["a", "b", "c"] == sorted(change.views[0].name for change in gone if change.listed)
        assert 3 == len(gone)
        assert 2 == followed.lists == len(full_lists(proxy))


def test_a_watch_goes_on_behind_the_last_event(proxy: FaultProxy, objects: Objects) -> None:
    """
    Of 20 objects that are created while the watch is cut each comes once, and nothing is listed.
    """
    names = [f"m{number}" for number in range(20)]
    with following(proxy, objects) as followed:
        for number, name in enumerate(names):
            objects.create(name)
            if number % 4 == 3:
                cut(proxy)
        objects.create("last")
        followed.wait_for_only(*names, "last")

        assert [*names, "last"] == [change.views[0].name for change in followed.changes]
        assert {None} == {change.old for change in followed.changes}
        assert (1, 1) == (followed.lists, len(full_lists(proxy)))
        assert followed.watches >= 6


def test_versions_never_go_back_over_50_cuts(proxy: FaultProxy, objects: Objects) -> None:
    """
    Each watch begins after the last event of the one before, and there is one list.
    """
    with following(proxy, objects, "a") as followed:
        for number in range(50):
            objects.touch("a", f"{number}")
            followed.wait_for_changes(number + 2)
            cut(proxy)
        objects.create("last")
        followed.wait_for("last")

        versions = watched_versions(proxy)
        assert sorted(versions) == versions
        assert 51 == len(set(versions))
        assert (1, 1, 52) == (followed.lists, len(full_lists(proxy)), len(followed.changes))


def test_a_disconnect_costs_no_list(proxy: FaultProxy, objects: Objects) -> None:
    """
    What happens while the watch is away comes with the next one.
    """
    with following(proxy, objects, "a", "b") as followed:
        proxy.down()
        objects.create("c")
        objects.delete("a")
        proxy.up()
        followed.wait_for_only("b", "c")

        assert 1 == followed.lists == len(full_lists(proxy))
        assert [False] == [change.listed for change in followed.told("a") if change.new is None]


@pytest.mark.parametrize("line", [b"\xff{not JSON\n", b"null\n", b'{"type": "ADDED"}\n'])
def test_garbage_in_a_stream_costs_no_event(
    proxy: FaultProxy, objects: Objects, line: bytes
) -> None:
    """
    Behind a line that is no event the watch begins anew, and brings what came after it.
    """
    with following(proxy, objects, "a") as followed:
        garbage = proxy.add(Rule(WATCHES, faults.InjectLine(line), times=1))
        objects.create("b")
        followed.wait_for_only("a", "b")
        followed.wait_until(lambda: followed.watches == 2, "another watch")
        objects.create("c")
        followed.wait_for_only("a", "b", "c")

        assert (1, 3) == (garbage.fired, len(followed.changes))
        assert 1 == followed.lists == len(full_lists(proxy))


def test_a_handler_that_fails_misses_no_later_event(proxy: FaultProxy, objects: Objects) -> None:
    """
    An error of one handler stops neither the others nor the informer.
    """
    told: list[str] = []

    def fail_at_first(change: Change[Named]) -> None:
        told.append(change.views[0].name)
        if told == ["a"]:
            raise LookupError("of a test")

    with Following(proxy.kubeconfig, objects, handler=fail_at_first) as followed:
        followed.wait_until_synced()
        objects.create("a", "b", "c")
        followed.wait_for_changes(3)

        assert ["a", "b", "c"] == told == [change.views[0].name for change in followed.changes]
        assert (1, 1) == (followed.lists, followed.watches)


def test_nothing_is_synced_before_the_last_page(proxy: FaultProxy, objects: Objects) -> None:
    """
    While the second page of a slow list is on its way, the first one is stored but does not count.
    """
    objects.create_many([f"m{number}" for number in range(PAGE + 10)])
    proxy.add(Rule(Match("list", nth=2), faults.Delay(3.0)))
    with Following(proxy.kubeconfig, objects) as followed:
        followed.wait_until(lambda: len(followed.names()) == PAGE, "the first page")
        assert not followed.informer.wait_until_synced(0.5)
        followed.wait_until_synced()

        assert (PAGE + 10, 1) == (len(followed.names()), followed.lists)


@pytest.mark.timeout(180, func_only=True)
def test_many_threads_share_few_connections(proxy: FaultProxy, objects: Objects) -> None:
    """
    64 threads create 12,800 objects over 16 connections, and none of them waits in vain.
    """
    client = Client(connect(proxy.kubeconfig, connections=16), Metrics())

    def create(number: int) -> None:
        client.create(CONFIG_MAPS, objects.manifest(f"m{number}"))

    with closing(client), ThreadPoolExecutor(64) as pool:
        list(pool.map(create, range(64 * 200)))

    assert 12_800 == len(objects.names()) == len(proxy.seen("create"))
    assert proxy.connections.accepted <= 16


def test_a_lost_event_heals(proxy: FaultProxy, objects: Objects) -> None:
    """
    Who learns of an object that the watch has passed by is told so, and one list brings it in.
    """
    with following(proxy, objects) as followed:
        proxy.add(Rule(WATCHES, faults.DropEvents("ADDED", "lost"), times=1))
        objects.create("lost", "other")
        followed.wait_for_only("other")
        live = followed.client.get(CONFIG_MAPS, NamespacedName(objects.namespace, "lost"))
        assert not followed.informer.learn(live)
        assert {"other"} == followed.names()
        followed.informer.suspect()
        followed.wait_for_only("lost", "other", within_seconds=5)

        assert 2 == followed.lists == len(full_lists(proxy))
        assert [(None, True)] == [(one.old, one.listed) for one in followed.told("lost")]


def test_an_own_write_is_known_before_its_event(proxy: FaultProxy, objects: Objects) -> None:
    """
    What was learnt is in the store while its event is held back, and handlers are told once.
    """
    with following(proxy, objects, "a") as followed:
        hold = proxy.add(Rule(WATCHES, faults.HoldEvents()))
        made = followed.client.create(CONFIG_MAPS, objects.manifest("own"))
        wait_until(lambda: hold.fired == 1, "an event held", within_seconds=10)
        assert followed.informer.learn(made)
        assert ({"a", "own"}, []) == (followed.names(), followed.told("own"))
        proxy.release()
        objects.create("later")
        followed.wait_for("later")

        [change] = followed.told("own")
        assert Named.parse(made) == change.new
        assert 1 == followed.lists


@pytest.fixture
def administrator(api: Api, namespace: str) -> Iterator[str]:
    """A service account of the test's namespace, and of its name, with all rights."""
    account = {"kind": "ServiceAccount", "name": namespace, "namespace": namespace}
    api.create(path_of("v1", "serviceaccounts", namespace), {"metadata": {"name": namespace}})
    bindings = path_of("rbac.authorization.k8s.io/v1", "clusterrolebindings")
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    api.create(bindings, {"metadata": {"name": namespace}, "roleRef": role, "subjects": [account]})
    yield namespace
    api.delete(f"{bindings}/{namespace}")


def test_a_new_token_costs_one_refusal(
    control_plane: ControlPlane, objects: Objects, administrator: str, tmp_path: Path
) -> None:
    """
    When the token has died, its file is read again, and the watch goes on with the new one.
    """
    api, namespace = objects.api, objects.namespace
    token, kubeconfig = tmp_path / "token", tmp_path / "kubeconfig"
    token.write_text(bound_token(api, namespace, administrator))
    content = yaml.safe_load(control_plane.kubeconfig.read_text())
    content["users"][0]["user"] = {"tokenFile": token.name}
    kubeconfig.write_text(yaml.safe_dump(content))
    with FaultProxy(kubeconfig) as proxy, following(proxy, objects, "a") as followed:
        old = token.read_text()
        token.write_text(control_plane.token_for(namespace, administrator))
        api.delete(path_of("v1", "secrets", namespace, "bound"))
        wait_until_refused(api, old)
        cut(proxy)
        objects.create("b")
        followed.wait_for_only("a", "b")
        cut(proxy)
        objects.create("c")
        followed.wait_for_only("a", "b", "c")

        assert 1 == [seen.code for seen in proxy.seen()].count(401)
        assert (1, 3) == (followed.lists, followed.watches)
