"""What the fault proxy understands of a request."""

import json

import pytest

from tests.e2e.faults.faults import Delay, DropEvents, HoldEvents, LoseAnswer, Refuse
from tests.e2e.faults.request import RequestLog, Seen, seen_of
from tests.e2e.faults.rules import ActiveRule, Match, Rule, RuleSet

PODS = "/api/v1/namespaces/ns/pods"
CLUSTERS = "/apis/kubernetes.dask.org/v1/namespaces/ns/daskclusters"


def a_request(method: str = "GET", target: str = PODS, body: object = None) -> Seen:
    return seen_of(method, target, b"" if body is None else json.dumps(body).encode(), 0.0)


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", PODS, ("list", "pods", "ns", "")),
        ("GET", f"{PODS}?watch=true&resourceVersion=7", ("watch", "pods", "ns", "")),
        ("GET", f"{PODS}?watch=1", ("watch", "pods", "ns", "")),
        ("GET", f"{PODS}?watch=false", ("list", "pods", "ns", "")),
        ("GET", f"{PODS}/p", ("get", "pods", "ns", "p")),
        ("HEAD", f"{PODS}/p", ("get", "pods", "ns", "p")),
        ("PUT", f"{CLUSTERS}/c/status", ("update", "daskclusters/status", "ns", "c")),
        ("PATCH", f"{CLUSTERS}/c", ("patch", "daskclusters", "ns", "c")),
        ("DELETE", f"{PODS}/p", ("delete", "pods", "ns", "p")),
        ("DELETE", PODS, ("deletecollection", "pods", "ns", "")),
        ("POST", f"{PODS}/p/eviction", ("create", "pods/eviction", "ns", "p")),
        ("GET", "/api/v1/pods", ("list", "pods", "", "")),
        ("GET", "/api/v1/nodes/n", ("get", "nodes", "", "n")),
        ("GET", "/api/v1/namespaces", ("list", "namespaces", "", "")),
        ("GET", "/api/v1/namespaces/ns", ("get", "namespaces", "ns", "ns")),
        ("PUT", "/api/v1/namespaces/ns/finalize", ("update", "namespaces/finalize", "ns", "ns")),
        ("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode",
         ("get", "clusterroles", "", "system:node")),
        ("GET", "/apis/kubernetes.dask.org/v1", ("get", "", "", "")),
        ("GET", "/readyz?verbose", ("get", "", "", "")),
    ],
)  # fmt: skip
def test_a_request_is_named_as_kubernetes_names_it(
    method: str, target: str, expected: tuple[str, str, str, str]
) -> None:
    """
    Verb, resource with subresource, namespace and name are those of the API server's audit log.
    """
    seen = a_request(method, target)

    assert expected == (seen.verb, seen.full_resource, seen.namespace, seen.name)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"metadata": {"name": "p"}}, "p"),
        ({"metadata": {"generateName": "p-"}}, ""),
        ({"metadata": None}, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_the_name_of_a_create_is_in_its_body(body: object, name: str) -> None:
    """
    A created object has the name that its body says; without one the name is left to the server.
    """
    assert ("create", name) == ((seen := a_request("POST", body=body)).verb, seen.name)


def test_the_query_is_kept() -> None:
    """
    Parameters are decoded, and those without a value are there too.
    """
    seen = a_request(target=f"{PODS}?labelSelector=a%3Db&resourceVersion=")

    assert {"labelSelector": "a=b", "resourceVersion": ""} == seen.query


def test_the_log_keeps_the_order_and_takes_codes_later() -> None:
    """
    Requests are listed as they came in, each with its answer's code once there is one.
    """
    log = RequestLog()
    first, _ = log.add(a_request("POST")), log.add(a_request("GET"))

    log.answered(first, 201)

    assert [("create", 201), ("list", 0)] == [(seen.verb, seen.code) for seen in log.copy()]


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        (Match(), True),
        (Match(verb="update", resource="pods/status", name="a-.*", namespace="ns"), True),
        (Match(verb="patch"), False),
        (Match(resource="pods"), False),
        (Match(name="a"), False),
        (Match(namespace="other"), False),
    ],
)
def test_a_match_means_what_rbac_means(match: Match, fits: bool) -> None:
    """
    Every part that is given must fit, a name wholly, and a subresource is a resource of its own.
    """
    assert fits == match.fits(a_request("PUT", f"{PODS}/a-1/status"))


def test_rules_fire_from_the_nth_time_on_and_as_often_as_they_say() -> None:
    """
    A rule with nth 2 and times 2 concerns the second and the third matching request.
    """
    rules, rule = RuleSet(), Rule(Match("list", nth=2), Refuse(), times=2)
    active = ActiveRule(rule, lambda _: None)
    rules.add(active)

    faults = [rules.befall(a_request()) for _ in range(4)]

    assert [[], [Refuse()], [Refuse()], []] == faults
    assert 2 == active.fired


def test_the_first_fault_that_decides_a_fate_is_the_last() -> None:
    """
    A delay goes with what comes behind it; behind a refusal nothing more can happen.
    """
    rules = RuleSet()
    later = ActiveRule(Rule(Match(), LoseAnswer()), lambda _: None)
    for fault in (Delay(1), Refuse()):
        rules.add(ActiveRule(Rule(Match(), fault), lambda _: None))
    rules.add(later)

    assert [Delay(1), Refuse()] == rules.befall(a_request())
    assert 0 == later.fired


def test_faults_of_events_are_none_of_requests() -> None:
    """
    What concerns events does not fire on requests, nor what needs an answer's end on watches.
    """
    rules = RuleSet()
    for fault in (DropEvents(), LoseAnswer()):
        rules.add(ActiveRule(Rule(Match(), fault), lambda _: None))

    assert [] == rules.befall(a_request(target=f"{PODS}?watch=true"))


def test_events_cannot_be_held_back_a_number_of_times() -> None:
    """
    A rule that holds back events ends when it is removed, and no other way.
    """
    with pytest.raises(ValueError, match="held back"):
        Rule(Match(), HoldEvents(), times=1)


@pytest.mark.parametrize(
    ("type_", "name", "concerned"),
    [
        (None, None, True),
        ("ADDED|DELETED", "p.*", True),
        ("DELETED", None, False),
        (None, "q", False),
    ],
)
def test_events_are_chosen_by_type_and_name(
    type_: str | None, name: str | None, concerned: bool
) -> None:
    """
    An event is meant if the expressions that are given fit its type and its object's name.
    """
    line = b'{"type": "ADDED", "object": {"metadata": {"name": "p1"}}}\n'

    assert concerned == DropEvents(type_, name).concerns(line)
