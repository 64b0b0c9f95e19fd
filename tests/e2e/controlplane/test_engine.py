"""The engine's promises, with a toy operator on a real API server behind a proxy that injects faults."""

from functools import partial
from http import HTTPStatus
from time import monotonic

import urllib3
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.cluster.controlplane.api import path_of
from tests.e2e.cluster.controlplane.waiting import wait_until
from tests.e2e.faults.faults import BlackHole, Delay, DropEvents, HoldEvents, LoseAnswer
from tests.e2e.faults.proxy import FaultProxy
from tests.e2e.faults.rules import Match, Rule
from tests.e2e.widget.user import Start, Widgets

pytest_plugins = ["tests.e2e.widget.fixtures"]

CREATED = HTTPStatus.CREATED


def created(proxy: FaultProxy) -> int:
    """How many parts the operator has created."""
    return sum(seen.code == CREATED for seen in proxy.seen("create", "configmaps"))


def test_parts_follow_the_spec(widgets: Widgets, proxy: FaultProxy, start: Start) -> None:
    """
    Parts are made, fewer and more, one is replaced, and all go with their owner.
    """
    start(proxy.kubeconfig)
    widgets.create("w", 5)
    widgets.settle("w", 5)
    widgets.scale("w", 2)
    widgets.settle("w", 2)
    lost = widgets.parts("w")[0]["metadata"]["name"]
    widgets.api.delete(path_of("v1", "configmaps", widgets.namespace, lost))
    wait_until(lambda: created(proxy) == 6, "a new part", within_seconds=10)
    widgets.settle("w", 2)
    widgets.api.delete(widgets.path("w"))

    wait_until(lambda: not widgets.parts("w"), "no parts", within_seconds=20)


def test_nothing_is_done_before_all_is_known(
    widgets: Widgets, proxy: FaultProxy, start: Start
) -> None:
    """
    Until the slow list of parts has come, no part is made, though the Widget is known.
    """
    proxy.add(Rule(Match("list", "configmaps"), Delay(2.0)))
    widgets.create("w", 3)
    start(proxy.kubeconfig)
    widgets.settle("w", 3)

    listed, *_ = proxy.seen("list", "configmaps")  # more pages where a test before left many
    first = min(seen.at_monotonic for seen in proxy.seen("create", "configmaps"))
    assert first >= listed.at_monotonic + 2.0


def test_a_stale_cache_makes_no_part_twice(
    widgets: Widgets, proxy: FaultProxy, start: Start
) -> None:
    """
    While the watch of parts is held back for 10 s, 50 parts are 50 requests, however many passes.
    """
    start(proxy.kubeconfig)
    widgets.create("w", 0)
    widgets.settle("w", 0)
    held = proxy.add(Rule(Match("watch", "configmaps"), HoldEvents()))
    began = monotonic()
    widgets.scale("w", 50)
    counts = set()

    def looked_on() -> bool:
        counts.add(len(widgets.parts("w")))
        label = {"metadata": {"labels": {"pass": str(len(counts))}}}
        widgets.api.patch(widgets.path("w"), label)  # one more pass on the stale cache
        return monotonic() - began > 10

    wait_until(looked_on, "10 s", within_seconds=20, every=0.2)
    held.remove()
    widgets.settle("w", 50)

    assert 50 == max(counts)
    asked = proxy.seen("create", "configmaps", namespace=widgets.namespace)
    assert (50, 50) == (created(proxy), len(asked))


def test_a_lost_event_is_made_up_for(widgets: Widgets, proxy: FaultProxy, start: Start) -> None:
    """
    A part whose answer and whose event were both lost is found again within half a minute.
    """
    start(proxy.kubeconfig)
    lost_answer = proxy.add(
        Rule(
            Match("create", "configmaps", namespace=widgets.namespace, nth=3), LoseAnswer(), times=1
        )
    )
    lost_event = proxy.add(Rule(Match("watch", "configmaps", nth=3), DropEvents("ADDED"), times=1))
    widgets.create("w", 6)
    widgets.settle("w", 6, within_seconds=30)

    assert (1, 1) == (lost_answer.fired, lost_event.fired)
    assert 6 == len(widgets.parts("w"))


def test_a_widget_that_is_made_anew_gets_parts_of_its_own(
    widgets: Widgets, proxy: FaultProxy, start: Start
) -> None:
    """
    Deleted and created under its name within a second, unseen: nothing of the old one is adopted.
    """
    start(proxy.kubeconfig)
    widgets.create("w", 4)
    widgets.settle("w", 4)
    old = {part["metadata"]["uid"] for part in widgets.parts("w")}
    held = proxy.add(Rule(Match("watch", "widgets"), HoldEvents()))
    widgets.api.delete(widgets.path("w"))
    anew = widgets.create("w", 3)["metadata"]["uid"]
    held.remove()
    widgets.settle("w", 3)
    wait_until(lambda: len(widgets.parts("w")) == 3, "only new parts", within_seconds=20)

    parts = [part["metadata"] for part in widgets.parts("w")]
    assert {anew} == {part["ownerReferences"][0]["uid"] for part in parts}
    assert old.isdisjoint(part["uid"] for part in parts)


def test_a_killed_operator_leaves_no_part_twice(
    widgets: Widgets, proxy: FaultProxy, start: Start
) -> None:
    """
    Killed when a create has taken effect and its answer has not come, it goes on where it was.
    """
    operator = start(proxy.kubeconfig)
    for doomed in (1, 3, 9):
        rule = proxy.add(
            Rule(
                Match("create", "configmaps", namespace=widgets.namespace, nth=doomed),
                LoseAnswer(),
                times=1,
            )
        )
        widgets.create(f"w{doomed}", 20)
        wait_until(partial(getattr, rule, "fired"), "a lost answer", within_seconds=10, every=0.01)
        operator.kill()
        operator.start()
        widgets.settle(f"w{doomed}", 20)

        assert 20 == len(widgets.parts(f"w{doomed}"))


def test_metrics_tell_what_was_done(widgets: Widgets, proxy: FaultProxy, start: Start) -> None:
    """
    Queue, passes, requests, caches and leadership are told with the figures of what happened.
    """
    operator = start(proxy.kubeconfig)
    widgets.create("w", 7)
    widgets.settle("w", 7)
    page = urllib3.request("GET", f"http://{operator.metrics}/metrics", timeout=5).data.decode()
    told = {
        (sample.name, *sorted(filter(None, sample.labels.values()))): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }

    assert 7 == told["rest_client_requests_total", "201", "configmaps", "create"]
    assert told["daskop_informer_objects", "configmaps"] >= 7  # those of other tests are there too
    assert 1 == told["daskop_informer_lists_total", "widgets"]
    assert 1 == told["daskop_informer_watches_total", "widgets"]
    assert 0 <= told["daskop_informer_last_event_age_seconds", "widgets"] < 10
    assert told["workqueue_adds_total", "widget"] >= 2
    assert told["daskop_reconcile_total", "success", "widget"] >= 2
    assert 0 == told["daskop_reconcile_total", "crash", "widget"]
    assert 1 == told["daskop_leader",]
    assert told["daskop_events_total", "written"] >= 0


def test_an_event_tells_people(widgets: Widgets, proxy: FaultProxy, start: Start) -> None:
    """
    What a plan has to say is an Event of the object, as kubectl describe shows it.
    """
    start(proxy.kubeconfig)
    uid = widgets.create("w", 2)["metadata"]["uid"]
    widgets.settle("w", 2)
    events = wait_until(
        lambda: widgets.api.list(path_of("v1", "events", widgets.namespace)),
        "an event",
        within_seconds=10,
    )

    (event,) = events
    assert ("Normal", "Scaled", "Scaled to 2") == (event["type"], event["reason"], event["message"])
    assert ("Widget", "w", uid) == tuple(
        event["involvedObject"][field] for field in ("kind", "name", "uid")
    )
    assert ("daskop", 1) == (event["source"]["component"], event["count"])


def test_a_server_that_takes_no_events_slows_nothing_down(
    widgets: Widgets, proxy: FaultProxy, start: Start
) -> None:
    """
    Events that hang are nobody's business but the recorder's, also at the end.
    """
    operator = start(proxy.kubeconfig)
    hangs = proxy.add(Rule(Match("create", "events"), BlackHole()))
    for number in range(10):
        widgets.create(f"w{number}", 3)
    for number in range(10):
        widgets.settle(f"w{number}", 3)
    began = monotonic()
    code = operator.stop()

    assert (0, True) == (code, hangs.fired > 0)
    assert monotonic() - began < 5
