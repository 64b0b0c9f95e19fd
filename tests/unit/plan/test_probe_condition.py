"""What is said of probe fields that stand where Kubernetes does not heed them."""

from typing import Any

import pytest

from daskop.plan.probes import (
    FIELDS,
    HANDLERS,
    PROBES,
    lift_probe_fields,
    lifted_probes,
    probe_condition,
    probe_events,
)


def a_spec(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"containers": [{"name": f"c{n}", **entry} for n, entry in enumerate(containers)]}


def message(spec: dict[str, Any]) -> str:
    (condition,) = probe_condition(spec)
    return str(condition["message"])


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize("probe", PROBES)
def test_the_place_of_a_lifted_field_is_told(probe: str, handler: str, field: str) -> None:
    """
    Each field is found under each handler of each probe.
    """
    spec = a_spec({probe: {handler: {"port": 1, field: 3}}})

    assert [
        {
            "type": "ProbeFieldsMoved",
            "status": "True",
            "reason": "MisplacedFields",
            "message": f"moved to where Kubernetes heeds them: {field} of the {probe} of c0",
        }
    ] == probe_condition(spec)


def test_all_places_are_told() -> None:
    """
    Every container and probe with such a field is named, in a fixed order.
    """
    spec = a_spec(
        {
            "startupProbe": {"tcpSocket": {"timeoutSeconds": 1}},
            "livenessProbe": {"exec": {"periodSeconds": 1, "initialDelaySeconds": 0}},
        },
        {"readinessProbe": {"grpc": {"port": 1}, "periodSeconds": 1}},
        {"readinessProbe": {"httpGet": {"failureThreshold": None}}},
    )

    assert message(spec).endswith(
        ": initialDelaySeconds, periodSeconds of the livenessProbe of c0; "
        "timeoutSeconds of the startupProbe of c0; "
        "failureThreshold of the readinessProbe of c2"
    )


@pytest.mark.parametrize(
    "container",
    [
        pytest.param({}, id="no probe"),
        pytest.param({"livenessProbe": None}, id="null"),
        pytest.param({"livenessProbe": "x"}, id="no mapping"),
        pytest.param({"livenessProbe": {"exec": None, "periodSeconds": 1}}, id="null handler"),
        pytest.param({"livenessProbe": {"httpGet": {"port": 1}}}, id="well formed"),
        pytest.param({"livenessProbe": {"other": {"periodSeconds": 1}}}, id="no handler"),
        pytest.param({"lifecycle": {"exec": {"periodSeconds": 1}}}, id="elsewhere"),
    ],
)
def test_nothing_is_said_where_nothing_is_lifted(container: dict[str, Any]) -> None:
    """
    A PodSpec that needs no mending has no condition.
    """
    assert [] == probe_condition(a_spec(container))


@pytest.mark.parametrize("handler", [8786, True, "periodSeconds", ["periodSeconds"]])
def test_a_handler_that_is_no_mapping_is_left_to_kubernetes(handler: Any) -> None:
    """
    The API server says what is wrong with it; a plan that fails would say nothing.
    """
    container = {"name": "c", "livenessProbe": {"tcpSocket": handler}}

    assert container == lift_probe_fields(container)
    assert [] == probe_condition({"containers": [container]})


def test_what_is_lifted_needs_no_mending() -> None:
    """
    The condition tells what is done: there is nothing to say of the Pod that is made.
    """
    spec = a_spec(
        {"livenessProbe": {"tcpSocket": {"port": 1, "periodSeconds": 3}, "periodSeconds": 7}},
        {"readinessProbe": {"exec": {"successThreshold": 1}, "grpc": None}},
    )

    lifted = [lift_probe_fields(container) for container in spec["containers"]]

    assert [] == probe_condition({"containers": lifted})


MOVED = {"type": "ProbeFieldsMoved", "status": "True", "message": "moved to x: y of z"}
NOT_MOVED = {**MOVED, "status": "False"}
OTHER = {"type": "Ready", "status": "True", "message": "other"}


@pytest.mark.parametrize(
    "before", [{}, {"conditions": None}, {"conditions": [OTHER]}, {"conditions": [NOT_MOVED]}]
)
def test_lifted_fields_are_told_when_they_are_found(before: dict[str, Any]) -> None:
    """
    One event that is no warning says what the condition says, when that begins to hold.
    """
    (event,) = probe_events(before, {"conditions": [OTHER, MOVED]})

    assert ("ProbeFieldsMoved", "Probe fields moved to x: y of z", False) == (
        event.reason,
        event.message,
        event.warning,
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({}, [], id="never"),
        pytest.param({}, [OTHER], id="others only"),
        pytest.param({}, [NOT_MOVED], id="false"),
        pytest.param({"conditions": [MOVED]}, [OTHER, MOVED], id="still"),
        pytest.param({"conditions": [MOVED]}, [OTHER], id="no more"),
    ],
)
def test_nothing_is_told_twice(before: dict[str, Any], after: list[Any]) -> None:
    """
    Without a transition to a condition that holds there is no event.
    """
    assert () == probe_events(before, {"conditions": after})


def test_fields_of_a_native_sidecar_are_moved_and_told() -> None:
    """
    An init container that runs on has probes as well, and comes first, as it starts first.
    """
    sidecar = {
        "name": "s",
        "restartPolicy": "Always",
        "startupProbe": {"exec": {"periodSeconds": 3}},
    }
    spec = {
        **a_spec({"livenessProbe": {"exec": {"periodSeconds": 1}}}),
        "initContainers": [sidecar],
    }

    assert message(spec).endswith(
        ": periodSeconds of the startupProbe of s; periodSeconds of the livenessProbe of c0"
    )
    moved = lifted_probes(spec)
    assert {"exec": {}, "periodSeconds": 3} == moved["initContainers"][0]["startupProbe"]
    assert {"exec": {}, "periodSeconds": 1} == moved["containers"][0]["livenessProbe"]


@pytest.mark.parametrize(
    "bad", [[None], ["x"], {"a": 1}, "x", 5, None, [], [{"startupProbe": None}]], ids=repr
)
def test_what_are_no_init_containers_is_left_to_kubernetes(bad: Any) -> None:
    """
    The schema does not describe them: they are passed on as they are, to be refused in its words.
    """
    spec = {**a_spec({}), "initContainers": bad}

    passed_on = {**spec, **lifted_probes(spec)}

    assert (spec, []) == (passed_on, probe_condition(spec))


def test_fields_of_a_container_without_a_name_are_told() -> None:
    """
    Kubernetes will refuse it; until then the place is told as well as it can be.
    """
    spec = {**a_spec({}), "initContainers": [{"startupProbe": {"exec": {"periodSeconds": 3}}}]}

    assert message(spec).endswith("periodSeconds of the startupProbe of None")
