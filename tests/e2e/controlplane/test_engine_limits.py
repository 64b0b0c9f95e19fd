"""What the engine does when the server says no, and when there is more to do than a pass may."""

from functools import partial
from time import monotonic
from typing import Any

import pytest

from tests.e2e.cluster.controlplane.api import Json, path_of
from tests.e2e.cluster.controlplane.waiting import wait_until
from tests.e2e.faults.faults import Answer
from tests.e2e.faults.proxy import FaultProxy
from tests.e2e.faults.rules import Match, Rule
from tests.e2e.widget.user import Start, Widgets

pytest_plugins = ["tests.e2e.widget.fixtures"]

FORBIDDEN = 403


def set_quota(widgets: Widgets, parts: int) -> None:
    """Allow so many ConfigMaps in the namespace, besides the one that Kubernetes puts there."""
    path = path_of("v1", "resourcequotas", widgets.namespace, "q")
    spec = {"hard": {"count/configmaps": str(parts + 1)}}
    widgets.api.apply(
        path, {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": spec}
    )
    widgets.api.wait_for(
        path,
        lambda quota: quota.get("status", {}).get("hard") == spec["hard"],
        "in force",
        within_seconds=20,
    )


def failure(widget: Json) -> dict[str, Any]:
    """The condition that tells of a refusal."""
    conditions = widget.get("status", {}).get("conditions", [])
    return next((entry for entry in conditions if entry["type"] == "ReplicaFailure"), {})


@pytest.mark.timeout(150, func_only=True)
def test_a_full_quota_is_not_hammered_and_heals(
    widgets: Widgets, proxy: FaultProxy, start: Start
) -> None:
    """
    In a minute at most 20 of 990 refused parts are asked for, in one series of events and a
    condition with the server's words; once there is room the rest is made.
    """
    set_quota(widgets, 10)
    start(proxy.kubeconfig)
    began = monotonic()
    widgets.create("w", 1000)
    widget = widgets.api.wait_for(
        widgets.path("w"), lambda found: bool(failure(found)), "refused", within_seconds=10
    )
    wait_until(lambda: monotonic() - began > 60, "a minute", within_seconds=70, every=1.0)
    asked = proxy.seen("create", "configmaps", namespace=widgets.namespace)
    refused = [seen for seen in asked if seen.code == FORBIDDEN]
    events = widgets.api.list(path_of("v1", "events", widgets.namespace))
    widgets.scale("w", 15)
    set_quota(widgets, 20)
    healed = widgets.settle("w", 15, within_seconds=70)

    assert 1 <= len(refused) <= 20, [round(s.at_monotonic - began, 2) for s in refused]
    assert {"QuotaExceeded", "Scaled"} == {event["reason"] for event in events}
    assert "exceeded quota: q" in failure(widget)["message"]
    assert ("True", "QuotaExceeded") == (failure(widget)["status"], failure(widget)["reason"])
    assert len(events) <= 10
    assert {} == failure(healed)


def test_small_ones_do_not_wait_for_a_large_one(
    widgets: Widgets, proxy: FaultProxy, start: Start
) -> None:
    """
    Beside one Widget of 2,000 parts, 50 of two are complete within a few seconds.
    """
    start(proxy.kubeconfig)
    widgets.create("large", 2000)
    wait_until(
        lambda: len(proxy.seen("create", "configmaps")) > 100, "some parts", within_seconds=10
    )
    began = monotonic()
    for number in range(50):
        widgets.create(f"small-{number}", 2)
    for number in range(50):
        wait_until(partial(_has_parts, widgets, f"small-{number}", 2), "parts", within_seconds=20)
    seconds = monotonic() - began

    assert len(widgets.parts("large")) < 2000
    assert seconds < 10, f"{seconds:.1f} s"


def _has_parts(widgets: Widgets, name: str, count: int) -> bool:
    return len(widgets.parts(name)) == count


def test_a_namespace_that_goes_is_left_alone(
    widgets: Widgets, proxy: FaultProxy, start: Start
) -> None:
    """
    In a namespace that is being deleted nothing is made, and that is no error.
    """
    operator = start(proxy.kubeconfig)
    doomed = Widgets(widgets.api, f"{widgets.namespace}-doomed")
    namespace = path_of("v1", "namespaces", name=doomed.namespace)
    widgets.api.make_namespace(doomed.namespace)
    doomed.create("w", 5)
    doomed.settle("w", 5)
    widgets.api.delete(namespace)
    widgets.api.wait_until_gone(namespace, within_seconds=40)

    assert "reconcile_failed" not in operator.log.read_text()


def test_a_busy_server_is_obeyed(widgets: Widgets, proxy: FaultProxy, start: Start) -> None:
    """
    Turned away with 429 a write is sent again when the server said, and nothing is lost.
    """
    start(proxy.kubeconfig)
    busy = Answer(429, "TooManyRequests", headers={"Retry-After": "1"})
    here = Match("create", "configmaps", namespace=widgets.namespace)
    rule = proxy.add(Rule(here, busy, times=5))
    widgets.create("w", 20)
    widgets.settle("w", 20)

    asked = proxy.seen("create", "configmaps", namespace=widgets.namespace)
    turned_away = [seen for seen in asked if seen.code == 429]
    assert (5, 5) == (rule.fired, len(turned_away))
    assert 20 == len(widgets.parts("w"))


def test_at_rest_nothing_is_written(widgets: Widgets, proxy: FaultProxy, start: Start) -> None:
    """
    Once all is settled no request but watches is made.
    """
    start(proxy.kubeconfig)
    for number in range(5):
        widgets.create(f"w{number}", 3)
    for number in range(5):
        widgets.settle(f"w{number}", 3)
    own, began, before = widgets.namespace, monotonic(), len(proxy.seen())
    wait_until(lambda: monotonic() - began > 5, "5 s", within_seconds=10, every=1.0)

    # Other tests' namespaces may still be on their way out.
    assert [] == [seen for seen in proxy.seen()[before:] if seen.namespace in {"", own}]
