"""What is given to a live Service: what is lost and what is asked for, not what is there."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daskop.plan.service import ALLOCATED, USERS_OWN, scheduler_service, service_changes
from tests.unit.builders import a_cluster
from tests.unit.plan.rfc7396 import applied, without_nulls
from tests.unit.plan.services import DEFAULTS, patched, served

TEAM: Any = {"team": "a"}
OWN = {
    "externalIPs": ["1.2.3.4"],
    "loadBalancerIP": "1.2.3.4",
    "loadBalancerSourceRanges": ["10.0.0.0/8"],
}
DUAL = {"ipFamilies": ["IPv4", "IPv6"], "clusterIPs": ["10.0.0.7", "fd00::7"]}
"""What the server makes of one address where it has two."""


@pytest.mark.parametrize("field", USERS_OWN)
def test_a_field_that_somebody_took_away_is_put_back(field: str) -> None:
    """
    What no server drops is missed where it is not; the rest is not written again.
    """
    wanted = scheduler_service(a_cluster(service={**OWN, "type": "LoadBalancer"}))
    live = served(wanted)
    taken = live._replace(spec={k: v for k, v in live.spec.items() if k != field})

    patch = service_changes(taken, wanted)

    written = {k: v for k, v in patch["spec"].items() if v is not None}
    assert ({}, {field: OWN[field]}) == (service_changes(live, wanted), written)
    assert {} == service_changes(patched(taken, patch), wanted)


@pytest.mark.parametrize(
    "service",
    [
        {"ipFamilies": ["IPv4"]},
        {"clusterIPs": ["10.0.0.7"], "clusterIP": "10.0.0.7"},
        {"ipFamilies": [], "clusterIPs": []},
    ],
    ids=str,
)
def test_what_the_server_has_added_stays(service: dict[str, Any]) -> None:
    """
    Another change does not take the second address away, which the server would refuse.
    """
    service = {"ipFamilyPolicy": "PreferDualStack", **service}
    live = served(scheduler_service(a_cluster(service=service)), **DUAL)
    wanted = scheduler_service(a_cluster(service={**service, "type": "NodePort"}))

    patch = service_changes(live, wanted)

    assert "NodePort" == patch["spec"]["type"]
    assert set() == ALLOCATED & set(patch["spec"])
    assert {} == service_changes(patched(live, patch), wanted)


@pytest.mark.parametrize(
    "asked",
    [
        {"clusterIP": "10.0.0.9"},
        {"clusterIPs": ["10.0.0.9"]},
        {"ipFamilies": ["IPv6"]},
        {"ipFamilies": ["IPv4", "IPv6"]},
    ],
    ids=str,
)
def test_another_address_is_asked_for(asked: dict[str, Any]) -> None:
    """
    Whether an allocation can be changed is for the server to say, in its own words.
    """
    live = served(scheduler_service(a_cluster()))
    wanted = scheduler_service(a_cluster(service=asked))

    patch = service_changes(live, wanted)

    assert asked == {k: v for k, v in patch["spec"].items() if k in ALLOCATED}


@pytest.mark.parametrize("field", ["clusterIPs", "ipFamilies"])
@pytest.mark.parametrize("value", [None, 1], ids=str)
def test_what_is_no_list_does_not_end_the_pass(field: str, value: Any) -> None:
    """
    A null is left to the server, and what the server will not take is given to it to refuse.
    """
    live = served(scheduler_service(a_cluster()))
    wanted = scheduler_service(a_cluster(service={field: value, "type": "NodePort"}))

    patch = service_changes(live, wanted)

    assert ("NodePort", value) == (patch["spec"]["type"], patch["spec"].get(field))


@pytest.mark.parametrize("label", ["dask.org/cluster-name", "dask.org/component", "team"])
@pytest.mark.parametrize("value", [None, "other"])
def test_a_lost_label_is_put_back(label: str, value: str | None) -> None:
    """
    Only the label that somebody took or changed is written; labels of others stay.
    """
    wanted = scheduler_service(replace(a_cluster(), labels=TEAM))
    labels = applied(wanted["metadata"]["labels"], {label: value, "others": "label"})

    patch = service_changes(served(wanted)._replace(labels=labels), wanted)

    assert {label: wanted["metadata"]["labels"][label]} == patch["metadata"]["labels"]


def test_a_label_of_somebody_else_needs_nothing() -> None:
    """
    Labels that the cluster does not ask for are not ours to judge.
    """
    wanted = scheduler_service(a_cluster())
    live = served(wanted)

    assert {} == service_changes(live._replace(labels={**live.labels, "x": "y"}), wanted)


@pytest.mark.parametrize("field", ["labels", "annotations"])
def test_what_the_cluster_notes_later_reaches_its_service(field: str) -> None:
    """
    A label or an annotation that the cluster gets later is put on the live Service.
    """
    live = served(scheduler_service(a_cluster()))

    patch = service_changes(live, scheduler_service(replace(a_cluster(), **{field: TEAM})))

    assert "a" == patch.get("metadata", {}).get(field, {}).get("team")


scalars = st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", "x", "y"])
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=4,
)
# What is allocated is text, or a list of texts: it has been checked by the API server.
specs = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("a", "type", "ports", "newer"), values),
        "clusterIP": st.sampled_from(["", "x", "y"]) | st.none(),
        "ipFamilies": st.lists(st.sampled_from("xy"), unique=True),
    },
)
texts = st.dictionaries(st.sampled_from(["a", "dask.org/component"]), st.sampled_from("xy"))


@given(user=specs, selector=texts, spec=specs, live_selector=texts, labels=texts)
def test_a_patched_service_is_as_wanted(
    user: dict[str, Any],
    selector: dict[str, str],
    spec: dict[str, Any],
    live_selector: dict[str, str],
    labels: dict[str, str],
) -> None:
    """
    Whatever was there, the patched Service says what the cluster wants, and needs nothing more.
    """
    wanted = scheduler_service(a_cluster(service={**user, "selector": selector}))
    known = without_nulls({**DEFAULTS, **spec, "selector": live_selector})
    live = served(wanted)._replace(spec=known, labels=labels, applied="")

    mended = patched(live, service_changes(live, wanted))

    asked = without_nulls(wanted["spec"])
    left = {k: v for k, v in mended.spec.items() if k in asked or k not in ALLOCATED}
    if "ipFamilies" in asked:  # the server may have added one
        left["ipFamilies"] = left["ipFamilies"][: len(asked["ipFamilies"])]
    assert asked == left
    assert wanted["metadata"]["labels"].items() <= mended.labels.items()
    assert {} == service_changes(mended, wanted)
