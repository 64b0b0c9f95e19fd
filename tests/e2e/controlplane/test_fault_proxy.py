"""The fault proxy does to requests and watches what its rules say, and else nothing."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress

import pytest
import urllib3

from tests.e2e.cluster.controlplane.api import Api
from tests.e2e.cluster.controlplane.errors import ApiError
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.cluster.controlplane.waiting import wait_until
from tests.e2e.faults import faults
from tests.e2e.faults.client import Create, Watch, client_of, token_of
from tests.e2e.faults.faults import LoseAnswer, Refuse
from tests.e2e.faults.proxy import FaultProxy
from tests.e2e.faults.rules import Match, Rule
from tests.e2e.faults.watching import Watched, watching

MAPS = Match(resource="configmaps")
CREATES = Match("create", "configmaps")
NO_ANSWER = (urllib3.exceptions.ProtocolError, urllib3.exceptions.NewConnectionError)

pytest_plugins = ["tests.e2e.faults.fixtures"]


def assert_names(watched: Watched, names: str) -> None:
    watched.wait_for_lines(len(names))
    assert list(names) == watched.names


def test_without_rules_requests_pass_and_are_written_down(
    proxy: FaultProxy, client: Api, maps: str
) -> None:
    """
    Requests are answered as by the API server, over one connection, and stand in the log in order.
    """
    client.create(maps, {"metadata": {"name": "a"}, "data": {"long": "x" * 300_000}})
    assert ["x" * 300_000] == [found["data"]["long"] for found in client.list(maps)]
    client.patch(f"{maps}/a", {"data": {"more": "1"}})
    client.delete(f"{maps}/a")
    assert not client.exists(f"{maps}/a")

    expected = [("create", 201), ("list", 200), ("patch", 200), ("delete", 200), ("get", 404)]
    assert expected == [(seen.verb, seen.code) for seen in proxy.seen(resource="configmaps")]
    assert ["create", "patch", "delete", "get"] == [seen.verb for seen in proxy.seen(name="a")]
    assert (1, 1) == (proxy.connections.accepted, proxy.connections.most_open)


def test_several_connections_are_served_at_once(proxy: FaultProxy, client: Api, maps: str) -> None:
    """
    A request that waits holds up no other.
    """
    proxy.add(Rule(Match("list"), faults.Delay(1.0), times=4))
    begin = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        assert [[]] * 4 == list(pool.map(client.list, [maps] * 4))
    assert 1.0 <= time.monotonic() - begin < 3.0
    assert (4, 4) == (proxy.connections.accepted, proxy.connections.most_open)


@pytest.mark.parametrize(("fault", "exists"), [(Refuse(), False), (LoseAnswer(), True)])
def test_a_write_without_an_answer_may_have_happened_or_not(
    proxy: FaultProxy, client: Api, maps: str, fault: Refuse | LoseAnswer, exists: bool
) -> None:
    """
    The client sees the same error whether the request is lost, or the answer to one that was done.
    """
    rule = proxy.add(Rule(CREATES, fault, times=1))
    with pytest.raises(NO_ANSWER):
        client.create(maps, {"metadata": {"name": "a"}})

    assert (exists, 1) == (client.exists(f"{maps}/a"), rule.fired)
    client.create(maps, {"metadata": {"name": "b"}})


def test_an_answer_takes_the_place_of_the_api_server(
    proxy: FaultProxy, client: Api, maps: str
) -> None:
    """
    429 comes with its Retry-After and a Status, nothing is created, and a removed rule is over.
    """
    too_many = faults.Answer(429, "TooManyRequests", headers={"Retry-After": "7"})
    rule = proxy.add(Rule(CREATES, too_many))
    raw = urllib3.request("POST", proxy.server + maps, body=b"{}", retries=False)
    with pytest.raises(ApiError) as caught:
        client.create(maps, {"metadata": {"name": "a"}})

    assert (429, "7") == (raw.status, raw.headers["Retry-After"])
    assert (429, "TooManyRequests") == (caught.value.status, caught.value.reason)
    assert [429] == [seen.code for seen in proxy.seen(name="a")]
    assert not client.exists(f"{maps}/a")
    rule.remove()
    client.create(maps, {"metadata": {"name": "a"}})


def test_a_black_hole_gives_neither_an_answer_nor_an_end(
    proxy: FaultProxy, client: Api, maps: str
) -> None:
    """
    The client waits, also when the rule is used up, until the proxy is cleared.
    """
    proxy.add(Rule(CREATES, faults.BlackHole(), times=1))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.create, maps, {"metadata": {"name": "a"}})
        with pytest.raises(TimeoutError):
            answer.result(timeout=0.5)
        proxy.clear()
        assert isinstance(answer.exception(timeout=5), urllib3.exceptions.ProtocolError)

    assert not client.exists(f"{maps}/a")


def test_a_truncated_answer_has_the_length_of_the_whole(
    proxy: FaultProxy, client: Api, maps: str
) -> None:
    """
    The client can tell that a body is not all that its head promised.
    """
    proxy.add(Rule(Match("list"), faults.Truncate(10)))
    with pytest.raises(urllib3.exceptions.ProtocolError, match="10 bytes read"):
        client.list(maps)


def test_a_throttled_answer_comes_slowly(proxy: FaultProxy, client: Api, maps: str) -> None:
    """
    20 kB take a second at 20 kB/s; the next request is as fast as ever.
    """
    client.create(maps, {"metadata": {"name": "a"}, "data": {"long": "x" * 20_000}})
    proxy.add(Rule(Match("get"), faults.Throttle(20_000), times=1))

    seconds = []
    for _ in range(2):
        begin = time.monotonic()
        client.get(f"{maps}/a")
        seconds.append(time.monotonic() - begin)
    assert seconds[0] >= 1.0 > seconds[1]


def test_held_events_come_in_order_at_the_release(
    proxy: FaultProxy, create: Create, watch: Watch
) -> None:
    """
    A rule holds up a watch that is open already; after the release events come as they happened.
    """
    with watch() as watched:
        create("a")
        assert_names(watched, "a")
        rule = proxy.add(Rule(MAPS, faults.HoldEvents()))
        create("bcd")
        wait_until(lambda: rule.fired == 3, "3 events held", within_seconds=10)
        assert ["a"] == watched.names
        proxy.release()
        assert_names(watched, "abcd")


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        (Rule(MAPS, faults.DropEvents(name="b|c"), times=1), "acd"),
        (Rule(MAPS, faults.DropEvents(type="DELETED")), "abcd"),
        (Rule(MAPS, faults.DuplicateEvents(type="ADDED", name="b")), "abbcd"),
        (Rule(MAPS, faults.ReorderEvents(2)), "badc"),
        (Rule(Match(resource="configmaps", nth=2), faults.ReorderEvents(2), times=1), "abdc"),
        (Rule(Match(resource="pods"), faults.DropEvents()), "abcd"),
    ],
)
def test_events_are_lost_doubled_and_reordered(
    proxy: FaultProxy, create: Create, watch: Watch, rule: Rule[faults.EventFault], names: str
) -> None:
    """
    A rule changes the events that it concerns, and no others.
    """
    with watch() as watched:
        proxy.add(rule)
        create("abcd")
        assert_names(watched, names)


def test_a_watch_is_cut_after_some_events(proxy: FaultProxy, create: Create, watch: Watch) -> None:
    """
    Two events come, and then the stream breaks off; the next watch is whole.
    """
    proxy.add(Rule(MAPS, faults.CutAfter(2), times=1))
    with watch() as watched:
        create("abc")
        assert "ProtocolError" == watched.wait_for_end()
        assert_names(watched, "ab")
    with watch() as watched:
        create("def")
        assert_names(watched, "def")


def test_an_error_event_ends_an_idle_watch(proxy: FaultProxy, watch: Watch) -> None:
    """
    The event has a Status object, as the API server's own, and the end is an orderly one.
    """
    with watch() as watched:
        proxy.add(Rule(MAPS, faults.ErrorEvent(410, "Expired")))
        assert "end" == watched.wait_for_end()

    [event] = map(json.loads, watched.lines)
    expected = ("ERROR", "Status", "Expired", 410)
    assert expected == (event["type"], *map(event["object"].get, ("kind", "reason", "code")))


def test_a_line_is_injected_once(proxy: FaultProxy, create: Create, watch: Watch) -> None:
    """
    Garbage comes into an idle stream as it is, and the stream goes on behind it.
    """
    with watch() as watched:
        proxy.add(Rule(MAPS, faults.InjectLine(b"\xff{not JSON\n")))
        watched.wait_for_lines(1)
        create("a")
        watched.wait_for_lines(2)

    assert b"\xff{not JSON" == watched.lines[0]


def test_open_watches_are_cut(proxy: FaultProxy, watch: Watch) -> None:
    """
    Watches of the resource lose their connections, those of others do not.
    """
    with watch() as watched:
        assert ["configmaps"] == proxy.open_watches
        assert [0, 1] == [proxy.cut(resource) for resource in ("pods", "configmaps")]
        assert "ProtocolError" == watched.wait_for_end()
        wait_until(lambda: not proxy.open_watches, "no watch", within_seconds=5)


def test_a_watch_that_its_client_leaves_is_left(proxy: FaultProxy, watch: Watch) -> None:
    """
    When a client closes an idle watch, the proxy gives up both connections of it.
    """
    with watch():
        assert 1 == proxy.connections.open

    wait_until(lambda: proxy.connections.open == 0, "no connection", within_seconds=5)


def test_a_stalled_connection_is_silent_and_new_ones_work(
    proxy: FaultProxy, client: Api, create: Create, watch: Watch, maps: str
) -> None:
    """
    An open watch gets neither events nor an end, and all of them when bytes flow again.
    """
    with watch() as watched:
        proxy.stall()
        create("abc")
        assert 3 == len(client.list(maps))
        with pytest.raises(TimeoutError):
            wait_until(lambda: watched.lines or watched.end, "event", within_seconds=0.5)
        proxy.resume()
        assert_names(watched, "abc")


def test_down_is_refused_and_up_is_the_same_port(
    proxy: FaultProxy, client: Api, watch: Watch, maps: str
) -> None:
    """
    While the proxy is down its connections are gone and new ones are refused.
    """
    with watch() as watched:
        proxy.down()
        assert "ProtocolError" == watched.wait_for_end()
    with pytest.raises(NO_ANSWER):
        client.list(maps)

    proxy.up()
    assert [] == client.list(maps)


def test_nothing_is_left_after_the_end(control_plane: ControlPlane, maps: str) -> None:
    """
    After a failure, with a watch, a black hole and a stall, the end takes less than a second.
    """
    before = threading.active_count()
    with ThreadPoolExecutor(1) as pool, ExitStack() as stack:
        with suppress(LookupError), FaultProxy(control_plane.kubeconfig) as proxy:
            proxy.add(Rule(CREATES, faults.BlackHole()))
            client = stack.enter_context(closing(client_of(proxy)))
            lost = pool.submit(client.create, maps, {"metadata": {"name": "a"}})
            wait_until(lambda: proxy.seen("create"), "a black hole", within_seconds=5)
            watched = stack.enter_context(watching(proxy.server, token_of(proxy), maps, "0"))
            proxy.stall()
            begin = time.monotonic()
            raise LookupError
        assert 1.0 > time.monotonic() - begin
        assert isinstance(lost.exception(timeout=5), urllib3.exceptions.ProtocolError)
        assert "ProtocolError" == watched.wait_for_end()

    assert before == threading.active_count()
    assert not proxy.kubeconfig.parent.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(proxy.server.rpartition(":")[2])))
