"""Pods that have not run yet follow a template that was mended; those that have run stay."""

from dataclasses import replace
from typing import Any

import pytest

from daskop.api.children import Pod
from daskop.plan.actions import Action, Create, Delete
from daskop.plan.cluster import plan_cluster
from daskop.plan.cluster_status import scheduler_template
from daskop.plan.job import plan_job, runner_template
from daskop.plan.observed import ObservedCluster, ObservedJob, ObservedWorkerGroup
from daskop.plan.worker_group import plan_worker_group, template_digest
from tests.unit.builders import a_cluster, a_pod, a_scheduler, a_worker_group
from tests.unit.plan.ends import NOW
from tests.unit.plan.jobs import ADDRESS, a_runner, cluster_of, job_of

EARLIER = "an-earlier"


def worker_actions(pod: Pod, **observed: Any) -> list[Action]:
    group = a_worker_group(replicas=1)
    what = ObservedWorkerGroup(group, a_cluster(), ADDRESS, [pod], {pod.meta.key.name})
    return list(plan_worker_group(replace(what, **observed), NOW).actions)


def scheduler_actions(pod: Pod) -> list[Action]:
    actions = plan_cluster(ObservedCluster(a_cluster(), pod, None, None), NOW).actions
    return [action for action in actions if action.resource.kind == "Pod"]


def runner_actions(pod: Pod, address: str | None = ADDRESS) -> list[Action]:
    job = job_of()
    return list(plan_job(ObservedJob(job, cluster_of(job), pod, address), NOW).actions)


TODAY = {
    worker_actions: template_digest(a_worker_group(replicas=1), ADDRESS),
    scheduler_actions: scheduler_template(a_cluster()),
    runner_actions: runner_template(job_of(), ADDRESS),
}
PODS = {
    worker_actions: a_pod("w", phase="Pending"),
    scheduler_actions: a_scheduler(phase="Pending"),
    runner_actions: a_runner("Pending"),
}
KINDS = pytest.mark.parametrize("actions", PODS, ids=lambda actions: actions.__name__)


@KINDS
def test_one_that_has_not_run_makes_room(actions: Any) -> None:
    """
    It is deleted as it was seen, so that one which has begun meanwhile is left alone.
    """
    pod = PODS[actions]._replace(template=EARLIER)

    (deletion,) = actions(pod)

    meta = pod.meta
    assert Delete(deletion.resource, meta.key, meta.uid, meta.resource_version) == deletion
    assert "Pod" == deletion.resource.kind


@KINDS
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"template": EARLIER, "phase": "Running"}, id="it runs"),
        pytest.param({"template": EARLIER, "phase": "Unknown"}, id="nobody knows whether it runs"),
        pytest.param({"template": ""}, id="nobody knows what it is made from"),
        pytest.param({}, id="of today"),
    ],
)
def test_others_stay(actions: Any, changes: dict[str, Any]) -> None:
    """
    Only what has not run, and was made from another template, has nothing to lose.
    """
    pod = PODS[actions]._replace(**{"template": TODAY[actions], **changes})

    assert [] == actions(pod)


@KINDS
def test_one_that_is_going_is_waited_for(actions: Any) -> None:
    """
    It is not deleted once more; a worker's place is free already.
    """
    pod = PODS[actions]
    pod = pod._replace(template=EARLIER, meta=pod.meta._replace(deleting=True))

    assert [] == [action for action in actions(pod) if isinstance(action, Delete)]


def test_a_runner_waits_with_its_scheduler() -> None:
    """
    While the scheduler is away nobody can say what a runner of today would look like.
    """
    assert [] == runner_actions(PODS[runner_actions]._replace(template=EARLIER), None)


def test_no_worker_is_made_without_the_clusters_service() -> None:
    """
    Under its name may stand a stranger's, whose scheduler workers must not join; ended ones go.
    """
    gone = a_pod("gone", phase="Succeeded", created="2026-01-01T00:00:00Z")
    gone = gone._replace(finished="2026-01-02T00:00:00Z")

    served, unserved = worker_actions(gone), worker_actions(gone, served=False)

    assert [Delete, Create] == [type(action) for action in served]
    assert [Delete] == [type(action) for action in unserved]


def test_a_missing_service_is_told() -> None:
    """
    It is what workers wait for; a group that has all of them does not need it to be ready.
    """
    group, pod = a_worker_group(replicas=1), a_pod("w", template="")
    short = ObservedWorkerGroup(group, a_cluster(), ADDRESS, (), (), served=False)

    plans = [plan_worker_group(what, NOW) for what in (short, replace(short, pods=[pod]))]

    conditions = [plan.status["conditions"][0] for plan in plans if plan.status]
    assert ["False", "True"] == [entry["status"] for entry in conditions]
    message = "0 of 1 workers are ready; waiting for the cluster's Service c-service"
    assert ("ServiceNotFound", message) == (conditions[0]["reason"], conditions[0]["message"])


def test_without_its_cluster_no_worker_is_of_an_earlier_template() -> None:
    """
    The address is a part of the template: while nobody knows it, nobody knows what is of today.
    """
    pod = PODS[worker_actions]._replace(template=EARLIER)

    assert [] == worker_actions(pod, cluster=None, address="")
