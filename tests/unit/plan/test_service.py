"""The scheduler's Service: what is created, and which changes of a live one are found."""

from dataclasses import replace
from typing import Any

import pytest

from daskop.plan.service import scheduler_service, service_changes
from tests.unit.builders import a_cluster
from tests.unit.plan.services import patched, served

COMM = {"name": "comm", "port": 8786}
TEAM: Any = {"team": "a"}


def test_a_new_service_is_owned_and_inherits() -> None:
    """
    It goes with its cluster, and has the cluster's labels and annotations and the reserved labels.
    """
    cluster = replace(a_cluster(), labels=TEAM, annotations=TEAM)

    wanted = scheduler_service(cluster)

    assert ("v1", "Service") == (wanted["apiVersion"], wanted["kind"])
    assert ("ns", "c-service") == (wanted["metadata"]["namespace"], wanted["metadata"]["name"])
    assert [cluster.as_owner().manifest()] == wanted["metadata"]["ownerReferences"]
    labels = wanted["metadata"]["labels"]
    assert ("a", "scheduler") == (labels["team"], labels["dask.org/component"])
    assert TEAM.items() <= wanted["metadata"]["annotations"].items()


@pytest.mark.parametrize("empty", [{}, {"selector": None, "ports": None}, {"selector": {}}])
def test_an_empty_selector_or_no_port_is_none(empty: dict[str, Any]) -> None:
    """
    An empty part of the user's spec is filled in as one that is not there.
    """
    filled_in = scheduler_service(a_cluster(service=empty))["spec"]

    assert scheduler_service(a_cluster())["spec"] == filled_in


@pytest.mark.parametrize(
    ("service", "server_side"),
    [
        pytest.param({}, {}, id="defaults"),
        pytest.param(
            {"ports": [COMM]},
            {"ports": [{**COMM, "protocol": "TCP", "targetPort": 8786, "nodePort": 30001}]},
            id="ports filled in",
        ),
        pytest.param(
            {"type": "LoadBalancer", "sessionAffinityConfig": {"clientIP": {}}},
            {
                "allocateLoadBalancerNodePorts": True,
                "externalTrafficPolicy": "Cluster",
                "healthCheckNodePort": 30002,
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}},
            },
            id="load balancer",
        ),
        pytest.param({"clusterIP": "None"}, {"clusterIPs": ["None"]}, id="headless"),
        pytest.param(
            {"ipFamilyPolicy": "PreferDualStack", "ipFamilies": ["IPv4"]},
            {"ipFamilies": ["IPv4", "IPv6"], "clusterIPs": ["10.0.0.7", "fd00::7"]},
            id="second family added",
        ),
        pytest.param(
            {"ipFamilyPolicy": "PreferDualStack", "clusterIPs": ["10.0.0.7"]},
            {"ipFamilies": ["IPv4", "IPv6"], "clusterIPs": ["10.0.0.7", "fd00::7"]},
            id="second address added",
        ),
    ],
)
def test_what_the_server_fills_in_needs_nothing(
    service: dict[str, Any], server_side: dict[str, Any]
) -> None:
    """
    Defaults and allocations of the API server are no difference.
    """
    wanted = scheduler_service(a_cluster(service=service))

    assert {} == service_changes(served(wanted, **server_side), wanted)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        pytest.param({"externalIPs": []}, {"externalIPs": None}, id="list"),
        pytest.param({"sessionAffinityConfig": {}}, {"sessionAffinityConfig": None}, id="mapping"),
        pytest.param({"clusterIP": ""}, {"clusterIP": "10.0.0.7"}, id="text"),
        pytest.param({"type": None}, {"type": "ClusterIP"}, id="null"),
        pytest.param(
            {"ports": [{**COMM, "nodePort": 0, "targetPort": None}]},
            {"ports": [{**COMM, "nodePort": 30001, "targetPort": 8786}]},
            id="in a port",
        ),
        pytest.param({"newer": {"a": 1}}, {"newer": None}, id="unknown field"),
        pytest.param({"ports": [{**COMM, "newer": 1}]}, {"ports": [COMM]}, id="unknown in a port"),
    ],
)
def test_what_the_server_does_not_keep_is_not_written_for_ever(
    written: dict[str, Any], stored: dict[str, Any]
) -> None:
    """
    Empty values and fields that the API server does not know are written once, with the rest.
    """
    wanted = scheduler_service(a_cluster(service=written))
    live = served(wanted, **stored)
    kept = {name: value for name, value in live.spec.items() if value is not None}

    assert {} == service_changes(live._replace(spec=kept), wanted)


@pytest.mark.parametrize(
    ("field", "edited"),
    [
        pytest.param("selector", {"app": "other"}, id="other selector"),
        pytest.param(
            "selector",
            {"dask.org/cluster-name": "c", "dask.org/component": "scheduler", "app": "x"},
            id="narrower selector",
        ),
        pytest.param("selector", {"dask.org/cluster-name": "c"}, id="wider selector"),
        pytest.param("selector", None, id="no selector"),
        pytest.param("ports", [{**COMM, "port": 1}], id="other port"),
        pytest.param("ports", [COMM, {"name": "more", "port": 1}], id="one port more"),
        pytest.param("ports", [], id="no port"),
        pytest.param("ports", {}, id="no list"),
        pytest.param("type", "ClusterIP", id="other type"),
        pytest.param("sessionAffinityConfig", {"clientIP": {"timeoutSeconds": 6}}, id="nested"),
        pytest.param("sessionAffinityConfig", "x", id="no mapping"),
    ],
)
def test_an_edit_is_undone(field: str, edited: Any) -> None:
    """
    What somebody changed in the live Service is put back as the cluster wants it.
    """
    service = {
        "type": "NodePort",
        "ports": [COMM],
        "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 5}},
    }
    wanted = scheduler_service(a_cluster(service=service))
    live = served(wanted, **{field: edited})

    mended = patched(live, service_changes(live, wanted))

    assert wanted["spec"][field] == mended.spec[field]
    assert {} == service_changes(mended, wanted)


def test_a_removed_field_is_removed() -> None:
    """
    What the user takes out of the spec goes from the live Service; what was allocated stays.
    """
    service = {"type": "NodePort", "clusterIP": "10.0.0.7", "externalIPs": ["1.2.3.4"]}
    before = scheduler_service(a_cluster(service=service))
    wanted = scheduler_service(a_cluster())
    live = served(before, healthCheckNodePort=30002, loadBalancerClass="x")

    patch = service_changes(live, wanted)

    defaulted = {"internalTrafficPolicy": None, "sessionAffinity": None}
    assert {"type": "ClusterIP", "externalIPs": None, **defaulted} == patch["spec"]
    assert {} == service_changes(patched(live, patch), wanted)


@pytest.mark.parametrize("applied", ["", "0123456789"])
def test_a_lost_note_of_what_was_applied_is_written_anew(applied: str) -> None:
    """
    Without the digest nobody knows whether the user has removed a field, so all is written.
    """
    wanted = scheduler_service(a_cluster())
    live = served(wanted)._replace(applied=applied)

    mended = patched(live, service_changes(live, wanted))

    assert {} == service_changes(mended, wanted)
    assert applied != mended.applied
