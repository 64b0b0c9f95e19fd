"""What a view keeps of a Pod's end, restarts, labels and template; and the view of a Service."""

import json
from typing import Any

import pytest

from daskop.api.children import Pod, Service
from daskop.api.labels import PodLabels, reserved_labels
from daskop.api.problem import Problem

IDENTITY = {"name": "p", "namespace": "ns", "uid": "u", "resourceVersion": "9"}
CREATED = "2026-01-01T00:00:00Z"


def a_pod(phase: str = "Failed", **status: Any) -> Pod:
    metadata = {**IDENTITY, "creationTimestamp": CREATED}
    return Pod.parse({"metadata": metadata, "status": {"phase": phase, **status}})


def labelled(**metadata: Any) -> Pod:
    return Pod.parse({"metadata": {**IDENTITY, **metadata}})


def disrupted(status: str = "True", **words: str | None) -> dict[str, Any]:
    return {"type": "DisruptionTarget", "status": status, **words}


def container(**fields: Any) -> dict[str, Any]:
    return {"name": "main", "restartCount": 0, **fields}


def ended_at(moment: str | None) -> dict[str, Any]:
    end = {"exitCode": 137, "reason": "ContainerStatusUnknown", "startedAt": None}
    return container(state={"terminated": {**end, "finishedAt": moment}})


NOT_READY = {"type": "Ready", "status": "False", "reason": "PodFailed"}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        pytest.param({"reason": "Evicted"}, "Evicted", id="evicted"),
        pytest.param({"reason": "DeadlineExceeded"}, "DeadlineExceeded", id="took too long"),
        pytest.param(
            {
                "reason": "Evicted",
                "conditions": [NOT_READY, disrupted(reason="TerminationByKubelet")],
            },
            "Evicted",
            id="evicted by the kubelet",
        ),
        pytest.param(
            {"conditions": [NOT_READY, disrupted(reason="DeletionByTaintManager")]},
            "DeletionByTaintManager",
            id="its node is lost",
        ),
        pytest.param(
            {"reason": "", "conditions": [disrupted(reason="PreemptionByScheduler")]},
            "PreemptionByScheduler",
            id="preempted",
        ),
        pytest.param({"conditions": [disrupted()]}, "Disrupted", id="nobody says why"),
        pytest.param({"conditions": [disrupted("False", reason="X")]}, "", id="not disrupted"),
        pytest.param({"conditions": [NOT_READY]}, "", id="another condition"),
        pytest.param({"conditions": None, "reason": None}, "", id="null"),
        pytest.param({}, "", id="by itself"),
    ],
)
def test_why_a_pod_ended(status: dict[str, Any], reason: str) -> None:
    """
    An end from outside has a name; a Pod whose containers ended by themselves has none.
    """
    assert reason == a_pod(**status).reason


def test_a_pod_that_is_to_be_disrupted_has_not_ended() -> None:
    """
    As long as it runs, its end has neither a reason nor a time.
    """
    change = disrupted(reason="EvictionByEvictionAPI", lastTransitionTime="2026-01-02T00:00:00Z")
    pod = a_pod("Running", reason="NodeLost", conditions=[change])

    assert ("", "") == (pod.reason, pod.finished)


@pytest.mark.parametrize(
    ("status", "finished"),
    [
        pytest.param(
            {
                "containerStatuses": [ended_at("2026-01-01T00:00:05Z"), ended_at(None)],
                "conditions": [{**NOT_READY, "lastTransitionTime": "2026-01-01T00:00:09Z"}],
            },
            "2026-01-01T00:00:05Z",
            id="a container's end before a condition",
        ),
        pytest.param(
            {
                "containerStatuses": [ended_at(None)],
                "conditions": [
                    {**NOT_READY, "lastTransitionTime": "2026-01-01T00:00:07Z"},
                    disrupted(lastTransitionTime="2026-01-01T00:00:08Z"),
                    {"type": "PodScheduled", "status": "True", "lastTransitionTime": None},
                ],
            },
            "2026-01-01T00:00:08Z",
            id="evicted: the last change",
        ),
        pytest.param(
            {"conditions": [disrupted(lastTransitionTime="2026-01-01T00:00:08Z")]},
            "2026-01-01T00:00:08Z",
            id="evicted before a container was made",
        ),
        pytest.param({"conditions": [NOT_READY]}, CREATED, id="no time"),
        pytest.param({"containerStatuses": None, "conditions": None}, CREATED, id="null"),
        pytest.param({}, CREATED, id="nothing"),
    ],
)
def test_when_a_pod_ended(status: dict[str, Any], finished: str) -> None:
    """
    Without a container's end it is the last change of a condition, or else the Pod's beginning.
    """
    assert finished == a_pod(**status).finished


MAIN, PROXY = container(restartCount=2), container(name="proxy", restartCount=7)


@pytest.mark.parametrize(
    ("names", "statuses", "restarts"),
    [
        pytest.param(["main"], [MAIN], 2, id="one"),
        pytest.param(["main", "proxy"], [MAIN, PROXY], 2, id="in order"),
        pytest.param(["main", "proxy"], [PROXY, MAIN], 2, id="out of order"),
        pytest.param(["proxy", "main"], [MAIN, PROXY], 7, id="another one is first"),
        pytest.param(["main", "proxy"], [PROXY], 0, id="of others only"),
        pytest.param(["main"], [container()], 0, id="none"),
        pytest.param(["main"], [{"name": "main"}], 0, id="not told"),
        pytest.param(["main"], [], 0, id="empty"),
        pytest.param(["main"], None, 0, id="null"),
        pytest.param([], [MAIN], 0, id="no containers"),
        pytest.param(None, [MAIN], 0, id="no spec"),
    ],
)
def test_restarts_are_those_of_the_first_container(
    names: list[str] | None, statuses: list[dict[str, Any]] | None, restarts: int
) -> None:
    """
    Dask's own is the first one of the Pod's spec, in whichever order the kubelet tells of them.
    """
    spec = None if names is None else {"containers": [{"name": name} for name in names]}
    status = {
        "phase": "Running",
        "containerStatuses": statuses,
        "initContainerStatuses": [container(restartCount=5)],
    }

    assert restarts == Pod.parse({"metadata": IDENTITY, "spec": spec, "status": status}).restarts


@pytest.mark.parametrize(
    ("phase", "ready", "problem"),
    [
        ("Pending", "False", Problem("Unschedulable", "no node")),
        ("Running", "False", Problem("Unschedulable", "no node")),
        ("Running", "True", None),
        ("Failed", "False", Problem("Unschedulable", "no node")),
        ("Succeeded", "False", None),
    ],
)
def test_only_a_pod_that_is_not_up_has_a_problem(
    phase: str, ready: str, problem: Problem | None
) -> None:
    """
    What is ready or has ended well is not looked into.
    """
    conditions = [
        {"type": "PodScheduled", "status": "False", "message": "no node"},
        {"type": "Ready", "status": ready},
    ]

    assert problem == a_pod(phase, conditions=conditions).problem


@pytest.mark.parametrize(
    ("labels", "read"),
    [
        pytest.param(
            {**reserved_labels("c", "worker", "g"), "app": "mine"},
            PodLabels("c", "worker", "g"),
            id="a worker's",
        ),
        pytest.param({"dask.org/component": "scheduler"}, PodLabels("", "scheduler", ""), id="one"),
        pytest.param({"app": "mine"}, PodLabels(), id="others"),
        pytest.param(None, PodLabels(), id="null"),
    ],
)
def test_labels_that_selectors_rest_on(labels: dict[str, str] | None, read: PodLabels) -> None:
    """
    Each label is read from its own name, and is empty where it is missing.
    """
    assert read == labelled(labels=labels).labels


def test_the_pods_of_a_group_share_their_words() -> None:
    """
    However many Pods are cached, a label's value and the phase are in memory once.
    """
    metadata = {
        **IDENTITY,
        "labels": {"dask.org/workergroup-name": "a-group"},
        "annotations": {"kubernetes.dask.org/template": "0123456789"},
    }
    text = json.dumps({"metadata": metadata, "status": {"phase": "Pending"}})
    one, other = (Pod.parse(json.loads(text)) for _ in range(2))

    assert one.labels.group is other.labels.group
    assert one.template is other.template
    assert one.phase is other.phase


@pytest.mark.parametrize(
    ("annotations", "template"),
    [
        ({"kubernetes.dask.org/template": "0123456789", "note": "mine"}, "0123456789"),
        ({"note": "mine"}, ""),
        (None, ""),
    ],
    ids=["there", "others", "null"],
)
def test_the_template_that_a_pod_was_made_from(
    annotations: dict[str, str] | None, template: str
) -> None:
    """
    Its digest is noted on the Pod.
    """
    assert template == labelled(annotations=annotations).template


def test_a_service_is_read_whole() -> None:
    """
    The spec with what the server allocated, all labels, and the digest that was applied last.
    """
    spec = {"clusterIP": "10.0.0.1", "ports": [{"port": 8786}]}
    annotations = {"kubernetes.dask.org/applied": "abc", "note": "mine"}
    metadata = {**IDENTITY, "labels": {"app": "mine"}, "annotations": annotations}

    service = Service.parse({"metadata": metadata, "spec": spec})

    assert (spec, {"app": "mine"}, "abc") == (service.spec, service.labels, service.applied)


@pytest.mark.parametrize(
    "manifest",
    [
        {"metadata": IDENTITY},
        {"metadata": {**IDENTITY, "labels": None, "annotations": None}, "spec": None},
    ],
    ids=["missing", "null"],
)
def test_a_service_of_which_parts_are_missing(manifest: dict[str, Any]) -> None:
    """
    Somebody else's Service may have no labels, annotations or spec.
    """
    service = Service.parse(manifest)

    assert ({}, {}, "") == (service.spec, service.labels, service.applied)
