"""What is deleted, ended or edited behind the operator's back is put right, and said."""

from collections.abc import Callable

import pytest

from tests.e2e.cluster.controlplane.api import Api, Json
from tests.e2e.controlplane.dask import GROUP, Dask

NAME = "simple-cluster"
SCHEDULER = f"{NAME}-scheduler"
SERVICE = f"{NAME}-service"

pytestmark = pytest.mark.usefixtures("operator")


@pytest.fixture
def dask(api: Api, namespace: str) -> Dask:
    """The seed's cluster, ready."""
    found = Dask(api, namespace)
    found.apply("cluster.yaml")
    found.wait_ready("daskclusters", NAME)
    return found


@pytest.mark.parametrize(
    ("plural", "name"),
    [("pods", SCHEDULER), ("services", SERVICE), ("daskworkergroups", GROUP)],
)
def test_a_deleted_child_comes_back(dask: Dask, plural: str, name: str) -> None:
    """
    A child that somebody deletes is made anew, and the cluster becomes ready again.
    """
    before = dask.get(plural, name)["metadata"]["uid"]

    dask.api.delete(dask.path(plural, name))

    def is_another() -> bool:
        found = {o["metadata"]["name"]: o["metadata"] for o in dask.api.list(dask.path(plural))}
        return name in found and found[name]["uid"] != before

    dask.wait_for(is_another, f"another {name}")
    dask.wait_ready("daskclusters", NAME)
    dask.wait_for_workers(2)


def test_a_scheduler_that_came_back_is_reported(dask: Dask) -> None:
    """
    A scheduler Pod that failed is replaced; a condition, a count and an event say what was lost.
    """
    first = dask.get("pods", SCHEDULER)["metadata"]["uid"]
    dask.set_pod(SCHEDULER, phase="Failed", reason="Evicted")

    dask.wait_for_condition(
        "daskclusters", NAME, "SchedulerReady", status="True", reason="SchedulerRestarted"
    )
    cluster = dask.get("daskclusters", NAME)
    assert 1 == cluster["status"]["schedulerRestarts"]
    assert first != dask.get("pods", SCHEDULER)["metadata"]["uid"]
    dask.wait_for(lambda: "SchedulerRestarted" in dask.events(NAME), "the event")


@pytest.mark.parametrize("reason", ["Evicted", ""])
def test_an_ended_worker_is_replaced(dask: Dask, reason: str) -> None:
    """
    A worker Pod that ended, of itself or by eviction, makes room for another one.
    """
    (ended, other) = dask.worker_names()
    before = dask.workers()
    dask.set_pod(ended, phase="Failed", reason=reason)

    dask.wait_for(lambda: ended not in dask.worker_names(), "the ended one to go")

    assert 1 == len(before & dask.wait_for_workers(2))
    assert other in dask.worker_names()


@pytest.mark.parametrize(
    "labels",
    [
        {"dask.org/cluster-name": None},
        {"dask.org/workergroup-name": None},
        {"dask.org/component": "somebody"},
    ],
    ids=["hidden from the watch", "hidden from the group", "edited"],
)
def test_labels_are_put_back(dask: Dask, labels: Json) -> None:
    """
    A worker whose labels are stripped or edited gets them back, and stays the one that it was.
    """
    name = dask.worker_names()[0]
    before = dask.get("pods", name)["metadata"]

    dask.api.patch(dask.path("pods", name), {"metadata": {"labels": labels}})

    def mended() -> bool:
        return bool(dask.get("pods", name)["metadata"]["labels"] == before["labels"])

    dask.wait_for(mended, "the labels")
    assert before["uid"] == dask.get("pods", name)["metadata"]["uid"]
    assert 2 == len(dask.wait_for_workers(2))


@pytest.mark.parametrize(
    ("edit", "healed"),
    [
        ({"selector": {"dask.org/cluster-name": "another"}}, lambda s: s["selector"]),
        ({"ports": [{"name": "x", "port": 80}]}, lambda s: [p["port"] for p in s["ports"]]),
        ({"type": "ClusterIP"}, lambda s: s["type"]),
    ],
    ids=["selector", "ports", "type"],
)
def test_an_edited_service_is_mended(
    dask: Dask, edit: Json, healed: Callable[[Json], object]
) -> None:
    """
    Whatever is edited in the Service is as the cluster says again, at the same address.
    """
    before = dask.get("services", SERVICE)["spec"]

    dask.api.patch(dask.path("services", SERVICE), {"spec": edit})

    def same() -> bool:
        return healed(dask.get("services", SERVICE)["spec"]) == healed(before)

    dask.wait_for(same, "the old Service")
    assert before["clusterIP"] == dask.get("services", SERVICE)["spec"]["clusterIP"]


def test_a_changed_service_spec_is_applied_in_place(dask: Dask) -> None:
    """
    A type and a port that the user changes reach the Service, whose address and uid stay.
    """
    before = dask.get("services", SERVICE)
    ports = [{"name": "comm", "port": 8786, "targetPort": "comm"}]
    service = {"type": "ClusterIP", "ports": ports, "sessionAffinity": "ClientIP"}
    dask.api.patch(dask.path("daskclusters", NAME), {"spec": {"scheduler": {"service": service}}})

    def changed() -> bool:
        spec = dask.get("services", SERVICE)["spec"]
        return bool(spec["type"] == "ClusterIP" and len(spec["ports"]) == 1)

    dask.wait_for(changed, "the new Service")
    after = dask.get("services", SERVICE)
    assert "ClientIP" == after["spec"]["sessionAffinity"]
    assert before["metadata"]["uid"] == after["metadata"]["uid"]
    assert before["spec"]["clusterIP"] == after["spec"]["clusterIP"]


def test_a_field_that_the_user_takes_back_goes(dask: Dask) -> None:
    """
    What was in the ServiceSpec and is not any more is removed from the Service as well.
    """
    path, spec = dask.path("daskclusters", NAME), {"externalIPs": ["192.0.2.1"]}
    dask.api.patch(path, {"spec": {"scheduler": {"service": spec}}})
    dask.wait_for(lambda: "externalIPs" in dask.get("services", SERVICE)["spec"], "the field")

    dask.api.patch(path, {"spec": {"scheduler": {"service": {"externalIPs": None}}}})

    dask.wait_for(
        lambda: "externalIPs" not in dask.get("services", SERVICE)["spec"], "the field to go"
    )


def test_an_edited_template_is_counted(dask: Dask) -> None:
    """
    A new image reaches the group at once; its workers stay, and are not counted as updated.
    """
    dask.wait_for_workers(2)
    workers = dask.workers()
    container = {"name": "worker", "image": "another", "args": ["dask-worker"]}
    spec = {"worker": {"spec": {"containers": [container]}}}

    dask.api.patch(dask.path("daskclusters", NAME), {"spec": spec})

    def counted() -> bool:
        status = dask.get("daskworkergroups", GROUP)["status"]
        return bool(status["updatedReplicas"] == 0 and status["replicas"] == 2)

    dask.wait_for(counted, "workers that are not up to date")
    assert [container] == dask.get("daskworkergroups", GROUP)["spec"]["worker"]["spec"][
        "containers"
    ]
    assert workers == dask.workers()


def test_an_edited_group_is_mended_but_for_its_number(dask: Dask) -> None:
    """
    The default group's template is the cluster's; how many there are is whose word was the last.
    """
    path = dask.path("daskworkergroups", GROUP)
    before = dask.get("daskworkergroups", GROUP)["spec"]["worker"]["spec"]

    dask.api.patch(
        path, {"spec": {"worker": {"replicas": 3, "spec": {"containers": [{"name": "x"}]}}}}
    )

    dask.wait_for(
        lambda: dask.get("daskworkergroups", GROUP)["spec"]["worker"]["spec"] == before, "the spec"
    )
    assert 3 == len(dask.wait_for_workers(3))


def test_labels_of_the_cluster_reach_its_children(dask: Dask) -> None:
    """
    A label that is put on a living cluster is on its Service, its group and new workers.
    """
    dask.api.patch(dask.path("daskclusters", NAME), {"metadata": {"labels": {"team": "blue"}}})
    dask.wait_for(lambda: dask.names("services", "team=blue"), "the Service's label")
    dask.wait_for(lambda: dask.names("daskworkergroups", "team=blue"), "the group's label")

    dask.scale("daskworkergroups", GROUP, 3)

    dask.wait_for_workers(3)
    dask.wait_for(lambda: len(dask.names("pods", "team=blue")) == 1, "a worker's label")


@pytest.fixture
def job(api: Api, namespace: str) -> Dask:
    """The seed's job, whose runner runs."""
    found = Dask(api, namespace)
    found.apply("job.yaml")
    found.wait_for(lambda: word(found) == "Running", "the job to run", 60)
    return found


def word(dask: Dask) -> str:
    """The job's status in dask-kubernetes' words."""
    return str(dask.get("daskjobs", "simple-job").get("status", {}).get("jobStatus"))


@pytest.mark.parametrize(
    ("plural", "name"), [("daskclusters", "simple-job-cluster"), ("pods", "simple-job-runner")]
)
def test_a_deleted_child_of_a_job_comes_back(job: Dask, plural: str, name: str) -> None:
    """
    Cluster and runner are made anew, and the job goes on.
    """
    before = job.get(plural, name)["metadata"]["uid"]

    job.api.delete(job.path(plural, name))

    job.wait_for(
        lambda: name in job.names(plural) and job.get(plural, name)["metadata"]["uid"] != before,
        f"another {name}",
        60,
    )
    job.wait_ready("daskclusters", "simple-job-cluster", 60)
    job.wait_for(lambda: word(job) == "Running", "the job to run")


def test_an_edited_cluster_of_a_job_is_mended(job: Dask) -> None:
    """
    Its spec is the job's; how many workers there are is whose word was the last.
    """
    name = "simple-job-cluster"
    before = job.get("daskclusters", name)["spec"]["worker"]["spec"]
    worker = {"replicas": 3, "spec": {"containers": [{"name": "x"}]}}

    job.api.patch(job.path("daskclusters", name), {"spec": {"worker": worker}})

    job.wait_for(
        lambda: job.get("daskclusters", name)["spec"]["worker"]["spec"] == before, "the spec"
    )
    assert 3 == len(job.wait_for_workers(3, f"{name}-default-worker-group"))


def test_the_last_of_many_numbers_counts(dask: Dask) -> None:
    """
    Scaled again and again while the change before is still under way, it ends at the last number.
    """
    for replicas in (50, 3, 20, 7):
        dask.scale("daskworkergroups", GROUP, replicas)

    def settled() -> bool:
        """Seven on the way up to fifty do not count: the status is that of the last number."""
        group = dask.get("daskworkergroups", GROUP)
        status = group["status"]
        newest = status["observedGeneration"] == group["metadata"]["generation"]
        return bool(newest and status["replicas"] == status["readyReplicas"] == 7)

    dask.wait_for(settled, "the last number")
    dask.wait_ready("daskclusters", NAME)
    assert 7 == len(dask.workers())
