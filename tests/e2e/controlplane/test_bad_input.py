"""Bad input is told in words, hurts nobody else, and heals when it is mended."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from daskop.plan.names import Naming
from tests.e2e.cluster.controlplane.api import Api, Json
from tests.e2e.cluster.controlplane.errors import ApiError
from tests.e2e.controlplane.dask import GROUP, SEED, Dask
from tests.e2e.controlplane.namespaces import enforce, own_namespace

NAME = "simple-cluster"
SERVICE = f"{NAME}-service"
TOLD_WITHIN_SECONDS = 5.0
RETRIED_WITHIN_SECONDS = 75.0
"""What was refused is tried again within a minute."""

pytestmark = pytest.mark.usefixtures("operator")


@pytest.fixture
def neighbour(api: Api) -> Iterator[Dask]:
    """Another namespace, in which all is well."""
    with own_namespace(api) as name:
        yield Dask(api, name)


def manifest(file: str, change: Callable[[Json], Any]) -> Json:
    """A manifest of the seed's with one thing changed."""
    found: Json = yaml.safe_load((SEED / file).read_text())
    change(found)
    return found


def named(name: str) -> Callable[[Json], Any]:
    return lambda found: found["metadata"].update(name=name)


def with_worker(**changes: Any) -> Callable[[Json], Any]:
    return lambda found: found["spec"]["worker"].update(changes)


LONG = "may have at most {} characters, so that the names derived from it are legal"
LETTERS = (
    "must be lower-case letters, digits and dashes, start with a letter and not end with a dash"
)


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("cluster.yaml", named("c" * 43), LONG.format(42)),
        ("cluster.yaml", named("1st"), LETTERS),
        ("cluster.yaml", named("a.b"), LETTERS),
        ("highmemworkers.yaml", named("g" * 64), LONG.format(63)),
        ("job.yaml", named("j" * 35), LONG.format(34)),
        ("cluster.yaml", with_worker(replicas=-3), "greater than or equal to 0"),
        ("cluster.yaml", with_worker(replicas=1_000_000_000), "less than or equal to 10000"),
        ("cluster.yaml", with_worker(replicas="two"), "must be of type integer"),
        ("cluster.yaml", with_worker(spec={"containers": []}), "should have at least 1 items"),
        ("cluster.yaml", with_worker(spec={}), "spec.worker.spec.containers: Required value"),
        (
            "job.yaml",
            lambda found: found["spec"]["job"]["spec"].update(restartPolicy="Always"),
            'supported values: "OnFailure", "Never"',
        ),
        ("highmemworkers.yaml", lambda found: found["spec"].pop("cluster"), "Required value"),
    ],
    ids=[
        "long cluster",
        "digit first",
        "dot",
        "long group",
        "long job",
        "negative",
        "a billion",
        "a word",
        "no container",
        "no containers",
        "always",
        "no cluster",
    ],
)
def test_what_can_be_refused_at_the_door_is(
    dask: Dask, file: str, change: Callable[[Json], Any], words: str
) -> None:
    """
    The API server itself refuses it, and says what is allowed.
    """
    with pytest.raises(ApiError) as refused:
        dask.create(manifest(file, change))

    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("file", "plural", "name"),
    [
        ("cluster.yaml", "daskclusters", "c" * 42),
        ("highmemworkers.yaml", "daskworkergroups", "g" * 63),
        ("job.yaml", "daskjobs", "j" * 34),
    ],
)
def test_the_longest_names_work(dask: Dask, file: str, plural: str, name: str) -> None:
    """
    A name of the greatest length gets all its children.
    """
    if plural == "daskworkergroups":
        dask.apply("cluster.yaml")
    dask.create(manifest(file, named(name)))

    group = {
        "daskclusters": f"{name}-default-worker-group",
        "daskworkergroups": name,
        "daskjobs": f"{name}-cluster-default-worker-group",
    }[plural]
    assert 2 == len(dask.wait_for_workers(2, group))


def test_a_group_cannot_change_its_cluster(dask: Dask) -> None:
    """
    Its workers know the scheduler that they belong to; the refusal says what to do instead.
    """
    dask.apply("highmemworkers.yaml")
    path = dask.path("daskworkergroups", "simple-cluster-highmem-worker-group")

    with pytest.raises(ApiError) as refused:
        dask.api.patch(path, {"spec": {"cluster": "another"}})

    assert "cannot be changed: delete the group, and apply it anew" in str(refused.value)


def test_a_podspec_that_kubernetes_refuses(dask: Dask, neighbour: Dask) -> None:
    """
    The server's words are on the group and the cluster; others are served; mending it heals.
    """
    bad = {"name": "worker", "image": "dask", "resources": {"limits": {"memory": "plenty"}}}
    dask.create(manifest("cluster.yaml", with_worker(spec={"containers": [bad]})))

    told = dask.wait_for_condition(
        "daskclusters", NAME, "Ready", TOLD_WITHIN_SECONDS, reason="InvalidSpec"
    )
    assert "quantities must match" in told["message"]
    failure = dask.condition("daskworkergroups", GROUP, "ReplicaFailure")
    assert ("True", "InvalidSpec") == (failure["status"], failure["reason"])
    dask.wait_for(lambda: "InvalidSpec" in dask.events(GROUP), "the event")
    neighbour.apply("cluster.yaml")
    neighbour.wait_ready("daskclusters", NAME)

    good = {"name": "worker", "image": "dask", "resources": {"limits": {"memory": "1Gi"}}}
    spec = {"worker": {"spec": {"containers": [good]}}}
    dask.api.patch(dask.path("daskclusters", NAME), {"spec": spec})

    dask.wait_ready("daskclusters", NAME)
    assert {} == dask.condition("daskworkergroups", GROUP, "ReplicaFailure")


def test_a_refused_service_stops_nothing_else(dask: Dask) -> None:
    """
    A change that no Service can take is told, and the workers are scaled all the same.
    """
    dask.apply("cluster.yaml")
    dask.wait_ready("daskclusters", NAME)
    path = dask.path("daskclusters", NAME)
    dask.api.patch(path, {"spec": {"scheduler": {"service": {"clusterIP": "192.0.2.1"}}}})
    told = dask.wait_for_condition("daskclusters", NAME, "Ready", reason="InvalidSpec")
    assert "clusterIP" in told["message"]

    dask.scale("daskclusters", NAME, 4)
    dask.wait_for_workers(4)

    dask.api.patch(path, {"spec": {"scheduler": {"service": {"clusterIP": None}}}})
    dask.wait_ready("daskclusters", NAME, RETRIED_WITHIN_SECONDS)


def test_a_denied_create_is_named(api: Api, dask: Dask) -> None:
    """
    What admission denies, here Pod Security, is said in its words, and heals when it is mended.
    """
    enforce(api, dask.namespace, "restricted")
    dask.apply("cluster.yaml")

    told = dask.wait_for_condition("daskclusters", NAME, "Ready", reason="Forbidden")
    assert 'violates PodSecurity "restricted' in told["message"]
    assert "Error" == dask.get("daskclusters", NAME)["status"]["phase"]

    enforce(api, dask.namespace, "privileged")
    dask.wait_ready("daskclusters", NAME, RETRIED_WITHIN_SECONDS)


def test_a_quota_is_named_and_its_end_seen(dask: Dask) -> None:
    """
    As many Pods as the quota allows are made, the rest is named, and follows when there is room.
    """
    quota = dask.path("resourcequotas")
    dask.api.create(quota, {"metadata": {"name": "few"}, "spec": {"hard": {"pods": "2"}}})
    dask.wait_for(
        lambda: dask.get("resourcequotas", "few").get("status", {}).get("hard"), "the quota"
    )
    dask.apply("cluster.yaml")

    told = dask.wait_for_condition(
        "daskclusters", NAME, "Ready", TOLD_WITHIN_SECONDS, reason="QuotaExceeded"
    )
    assert "exceeded quota: few" in told["message"]
    dask.wait_for_workers(1)

    dask.api.patch(f"{quota}/few", {"spec": {"hard": {"pods": "9"}}})

    dask.wait_ready("daskclusters", NAME, RETRIED_WITHIN_SECONDS)


@pytest.mark.parametrize("labels", [{}, {"dask.org/cluster-name": NAME}], ids=["bare", "labelled"])
def test_a_strangers_service_is_left_alone(dask: Dask, labels: dict[str, str]) -> None:
    """
    A Service of that name that is not ours is named and never touched; when it goes ours comes.
    """
    stranger = {"name": SERVICE, "labels": labels}
    ports = [{"port": 80}]
    dask.api.create(dask.path("services"), {"metadata": stranger, "spec": {"ports": ports}})
    before = dask.get("services", SERVICE)
    dask.apply("cluster.yaml")

    dask.wait_for_condition("daskclusters", NAME, "Ready", reason="NameConflict")
    assert before == dask.get("services", SERVICE)

    dask.api.delete(dask.path("services", SERVICE))

    dask.wait_ready("daskclusters", NAME, RETRIED_WITHIN_SECONDS)


def test_a_stranger_under_a_workers_name_costs_that_name(dask: Dask) -> None:
    """
    Somebody's Pod under the name of the first worker is passed over at once.
    """
    dask.create(manifest("cluster.yaml", with_worker(replicas=0)))
    dask.wait_ready("daskclusters", NAME)
    uid = dask.get("daskworkergroups", GROUP)["metadata"]["uid"]
    stranger = {
        "metadata": {"name": Naming.worker(GROUP, uid, 0)},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }
    created = dask.api.create(dask.path("pods"), stranger)["metadata"]

    dask.scale("daskworkergroups", GROUP, 2)

    dask.wait_ready("daskclusters", NAME)
    assert created["uid"] not in dask.wait_for_workers(2)
    found = dask.get("pods", created["name"])["metadata"]
    assert (created["uid"], None) == (found["uid"], found.get("labels"))


def test_moved_probe_fields_are_told(dask: Dask) -> None:
    """
    The seed's misplaced probe fields are named by a condition and one event.
    """
    dask.apply("cluster.yaml")

    told = dask.wait_for_condition("daskclusters", NAME, "ProbeFieldsMoved", status="True")

    assert "periodSeconds of the readinessProbe of scheduler" in told["message"]
    dask.wait_for(lambda: "ProbeFieldsMoved" in dask.events(NAME), "the event")
