"""What is said of Pods that were made from an earlier template than today's."""

from dataclasses import replace
from typing import Any

import pytest

from daskop.api.children import Pod
from daskop.plan.actions import Create
from daskop.plan.cluster import plan_cluster, scheduler_pod
from daskop.plan.observed import ObservedCluster, ObservedWorkerGroup
from daskop.plan.worker_group import plan_worker_group, template_digest
from tests.unit.builders import POD_SPEC, a_cluster, a_pod, a_scheduler, a_worker_group
from tests.unit.plan.ends import NOW

ADDRESS = "tcp://c-service.ns.svc:8786"
ACCEPTS = "the scheduler accepts connections"
TEMPLATE = "kubernetes.dask.org/template"


def told_of_scheduler(template: str, **scheduler: Any) -> str:
    """The message of SchedulerReady, of a scheduler that is ready."""
    pod = a_scheduler(template=template)
    status = plan_cluster(ObservedCluster(a_cluster(**scheduler), pod, None, None), NOW).status
    assert status is not None
    return str(next(c["message"] for c in status["conditions"] if c["type"] == "SchedulerReady"))


def test_a_scheduler_of_an_earlier_template_is_told() -> None:
    """
    A changed PodSpec or metadata leaves a living scheduler alone, and its condition says so.
    """
    today = scheduler_pod(a_cluster())["metadata"]["annotations"][TEMPLATE]
    changed = {"spec": {**POD_SPEC, "nodeSelector": {"a": "b"}}}
    labelled = {"metadata": {"labels": {"a": "b"}}}
    exposed = {"service": {"type": "NodePort"}}

    earlier = f"{ACCEPTS}; it was made from an earlier template"
    assert [earlier] * 2 == [told_of_scheduler(today, **part) for part in (changed, labelled)]
    # A Service is changed in place; and of a Pod without the note nobody knows.
    assert [ACCEPTS] * 3 == [
        told_of_scheduler(today),
        told_of_scheduler(today, **exposed),
        told_of_scheduler("", **changed),
    ]


@pytest.mark.parametrize(("address", "earlier"), [(ADDRESS, 1), ("tcp://c-service.ns.svc:99", 2)])
def test_workers_of_an_earlier_template_or_address_are_told(address: str, earlier: int) -> None:
    """
    The group is ready all the same; how many are not of today is in the message, and in a count.
    """
    group = a_worker_group()
    pods: list[Pod] = [a_pod("a", template=template_digest(group, ADDRESS)), a_pod("b")]

    plan = plan_worker_group(ObservedWorkerGroup(group, a_cluster(), address, pods, ()), NOW)

    assert plan.status is not None
    ready = plan.status["conditions"][0]
    message = f"all workers are ready: 2; made from an earlier template, or for another address: {earlier}"
    assert ("True", message) == (ready["status"], ready["message"])
    assert 2 - earlier == plan.status["updatedReplicas"]


def test_workers_of_todays_template_need_no_word() -> None:
    """
    A worker that a plan makes counts as one of today's, also with a label put on its group.
    """
    group = replace(a_worker_group(replicas=1), labels={"a": "b"})
    observed = ObservedWorkerGroup(group, a_cluster(), ADDRESS, (), ())
    (made,) = plan_worker_group(observed, NOW).actions
    assert isinstance(made, Create)
    pod = a_pod("a", template=made.manifest["metadata"]["annotations"][TEMPLATE])

    status = plan_worker_group(replace(observed, pods=[pod]), NOW).status

    assert status is not None
    assert "all workers are ready: 1" == status["conditions"][0]["message"]
