"""What users do that no manual mentions: other fields, other orders, other moments, of clusters."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from tests.e2e.cluster.controlplane.api import Api, Json, path_of
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.controlplane.dask import GROUP, SEED, Dask
from tests.e2e.controlplane.pod_states import READY
from tests.e2e.controlplane.quiet import Quiet

NAME = "simple-cluster"
SCHEDULER = f"{NAME}-scheduler"
SERVICE = f"{NAME}-service"
HIGHMEM = "simple-cluster-highmem-worker-group"
SOON_SECONDS = 10.0
RETRIED_WITHIN_SECONDS = 75.0
GATES = {"schedulingGates": [{"name": "tests.example/hold"}]}
FINALIZER = {"metadata": {"finalizers": ["tests.example/hold"]}}


@pytest.fixture
def dask(api: Api, namespace: str) -> Iterator[Dask]:
    """A namespace whose Pods are freed of finalizers in the end."""
    yield Dask(api, namespace)
    pods = path_of("v1", "pods", namespace)
    for pod in api.list(pods):
        if pod["metadata"].get("finalizers"):
            api.patch(f"{pods}/{pod['metadata']['name']}", {"metadata": {"finalizers": None}})


def created(dask: Dask, change: Callable[[Json], Any] = lambda _: None) -> None:
    """The seed's cluster with something changed."""
    manifest: Json = yaml.safe_load((SEED / "cluster.yaml").read_text())
    change(manifest["spec"])
    dask.create(manifest)


def patch(dask: Dask, **spec: Any) -> None:
    """Change the cluster's spec."""
    dask.api.patch(dask.path("daskclusters", NAME), {"spec": spec})


def delete(dask: Dask, plural: str, name: str, policy: str) -> None:
    """Do as kubectl delete --cascade does."""
    dask.api.request("DELETE", dask.path(plural, name), {"propagationPolicy": policy})


def all_pods(dask: Dask) -> set[str]:
    """The uids of all Pods, going or not."""
    return {pod["metadata"]["uid"] for pod in dask.api.list(dask.path("pods"))}


def bring_up_by_hand(dask: Dask, count: int) -> list[str]:
    """Make the gated workers ready, as the kubelet that they never get would; return their names."""
    dask.wait_for_workers(count)
    for name in dask.worker_names():
        dask.set_pod(name, phase="Running", conditions=READY)
    dask.wait_ready("daskclusters", NAME)
    return dask.worker_names()


@pytest.mark.usefixtures("operator")
@pytest.mark.parametrize("part", ["worker", "scheduler"])
def test_a_pod_that_never_started_follows_its_mended_spec(dask: Dask, part: str) -> None:
    """
    A Pod that no node takes, and whose spec is mended, makes room for one that can run.
    """
    created(dask, lambda spec: spec[part]["spec"].update(nodeSelector={"no": "node"}))
    dask.wait_for_condition("daskclusters", NAME, "Ready", reason="Unschedulable")

    patch(dask, **{part: {"spec": {"nodeSelector": None}}})

    dask.wait_ready("daskclusters", NAME, SOON_SECONDS)


@pytest.mark.usefixtures("operator")
def test_a_long_refusal_names_its_cause(dask: Dask) -> None:
    """
    A refusal that quotes a whole object still says what is wrong with it, also in the event.
    """
    created(dask)
    note = {"metadata": {"annotations": {"tests.example/note": "x" * 5000}}}
    dask.api.patch(dask.path("daskclusters", NAME), note)
    dask.wait_ready("daskclusters", NAME)

    patch(dask, scheduler={"service": {"sessionAffinity": 7}})

    told = dask.wait_for_condition("daskclusters", NAME, "Ready", reason="InvalidSpec")
    dask.wait_for(lambda: "InvalidSpec" in dask.events(NAME), "the event")
    assert "cannot unmarshal number" in told["message"]
    assert "cannot unmarshal number" in dask.events(NAME)["InvalidSpec"]


@pytest.mark.usefixtures("operator")
def test_a_sidecar_is_not_the_scheduler(dask: Dask) -> None:
    """
    With a sidecar in front, what counts is how often the container with the port comm came back.
    """

    def with_sidecar(spec: Json) -> None:
        pod = spec["scheduler"]["spec"]
        pod.update(GATES, containers=[{"name": "proxy", "image": "proxy"}, *pod["containers"]])

    def ran(**restarts: int) -> None:
        required = {"image": "i", "imageID": "", "ready": True, "state": {"running": {}}}
        told = [{"name": name, "restartCount": n, **required} for name, n in restarts.items()]
        dask.set_pod(SCHEDULER, phase="Running", conditions=READY, containerStatuses=told)

    created(dask, with_sidecar)
    dask.wait_for(lambda: SCHEDULER in dask.names("pods"), "the scheduler")
    ran(proxy=0, scheduler=0)
    dask.wait_ready("daskclusters", NAME)

    ran(proxy=0, scheduler=1)

    dask.wait_for(
        lambda: dask.get("daskclusters", NAME)["status"]["schedulerRestarts"] == 1,
        "the restart",
        SOON_SECONDS,
    )


@pytest.mark.usefixtures("operator")
def test_misplaced_probe_fields_of_a_native_sidecar(dask: Dask) -> None:
    """
    A restartable init container has probes as well, and its misplaced fields are moved, too.
    """
    probe = {"tcpSocket": {"port": 80, "periodSeconds": 3}}
    sidecar = {"name": "s", "image": "s", "restartPolicy": "Always", "startupProbe": probe}

    created(dask, lambda spec: spec["worker"]["spec"].update(initContainers=[sidecar]))

    name = dask.wait_for(dask.worker_names, "a worker")[0]
    found = dask.get("pods", name)["spec"]["initContainers"][0]["startupProbe"]
    assert 3 == found["periodSeconds"]


@pytest.mark.usefixtures("operator")
def test_what_was_orphaned_is_told_and_can_be_cleared(dask: Dask) -> None:
    """
    After --cascade=orphan a new cluster names what is in its way, and is up once that is removed.
    """
    created(dask)
    dask.wait_ready("daskclusters", NAME)
    delete(dask, "daskclusters", NAME, "Orphan")
    dask.wait_for_condition("daskworkergroups", GROUP, "Ready", reason="ClusterNotFound")
    orphans = all_pods(dask)

    created(dask)

    told = dask.wait_for_condition("daskclusters", NAME, "Ready", reason="NameConflict")
    assert f"the Pod {SCHEDULER} is there already" in told["message"]
    assert orphans == all_pods(dask)
    for plural, name in (("pods", SCHEDULER), ("services", SERVICE), ("daskworkergroups", GROUP)):
        dask.api.delete(dask.path(plural, name))
    dask.wait_ready("daskclusters", NAME, RETRIED_WITHIN_SECONDS)
    dask.wait_for(lambda: orphans.isdisjoint(all_pods(dask)), "the orphans to go")


@pytest.mark.usefixtures("operator")
def test_a_foreground_deletion_that_hangs(dask: Dask, control_plane: ControlPlane) -> None:
    """
    While a worker keeps a cluster from going, nothing is written or made anew; then all is gone.
    """
    created(dask, lambda spec: spec["worker"]["spec"].update(GATES))
    name = bring_up_by_hand(dask, 2)[0]
    dask.api.patch(dask.path("pods", name), FINALIZER)

    delete(dask, "daskclusters", NAME, "Foreground")

    dask.wait_for(lambda: dask.left() == {name, GROUP}, "the others to go")
    before = Quiet(control_plane, dask.namespace, seconds=0)
    before()
    after = Quiet(control_plane, dask.namespace, seconds=3)
    dask.wait_for(after, "rest")
    assert before.writes == after.writes
    dask.api.patch(dask.path("pods", name), {"metadata": {"finalizers": None}})
    dask.wait_for(lambda: not dask.left() and not dask.names("daskclusters"), "all to go")


@pytest.mark.usefixtures("operator")
def test_workers_that_will_not_go_are_not_counted(dask: Dask) -> None:
    """
    Scaled down and up while those of before are stuck, a group has as many others as are wanted.
    """
    created(dask, lambda spec: spec["worker"]["spec"].update(GATES))
    stuck = bring_up_by_hand(dask, 2)
    for name in stuck:
        dask.api.patch(dask.path("pods", name), FINALIZER)

    dask.scale("daskworkergroups", GROUP, 0)
    dask.wait_for_workers(0)
    dask.scale("daskworkergroups", GROUP, 3)

    assert set(stuck).isdisjoint(bring_up_by_hand(dask, 3))
    dask.wait_for_condition(
        "daskworkergroups", GROUP, "Ready", status="True", message="all workers are ready: 3"
    )
    assert 5 == len(all_pods(dask) - {dask.get("pods", SCHEDULER)["metadata"]["uid"]})
    assert 3 == dask.get("daskworkergroups", GROUP)["status"]["replicas"]


@pytest.mark.usefixtures("operator")
def test_a_replaced_group_joins_again(dask: Dask) -> None:
    """
    After kubectl replace, which drops its owner, a group belongs to its cluster again.
    """
    created(dask)
    dask.apply("highmemworkers.yaml")
    dask.wait_ready("daskworkergroups", HIGHMEM)
    workers = dask.workers(HIGHMEM)

    dask.api.patch(dask.path("daskworkergroups", HIGHMEM), {"metadata": {"ownerReferences": None}})

    dask.wait_for(
        lambda: dask.get("daskworkergroups", HIGHMEM)["metadata"].get("ownerReferences"), "owner"
    )
    assert workers == dask.workers(HIGHMEM)


@pytest.mark.usefixtures("operator")
def test_a_wiped_status_is_told_anew(dask: Dask) -> None:
    """
    Without a status, cluster and group say the same again, and touch nothing else.
    """
    created(dask)
    dask.wait_ready("daskclusters", NAME)
    pods = all_pods(dask)

    for plural, name in (("daskclusters", NAME), ("daskworkergroups", GROUP)):
        dask.api.patch(f"{dask.path(plural, name)}/status", {"status": None})

    dask.wait_ready("daskclusters", NAME)
    dask.wait_ready("daskworkergroups", GROUP)
    assert pods == all_pods(dask)


def wait_for_type(dask: Dask, type_: str) -> None:
    dask.wait_for(lambda: dask.get("services", SERVICE)["spec"]["type"] == type_, type_)


@pytest.mark.usefixtures("operator")
def test_a_service_through_all_types(dask: Dask) -> None:
    """
    Whatever the type becomes, the address and the Pods stay, and what belongs to a type goes with it.
    """
    created(dask)
    dask.wait_ready("daskclusters", NAME)
    address, pods = dask.get("services", SERVICE)["spec"]["clusterIP"], all_pods(dask)

    for type_ in ("LoadBalancer", "NodePort", "ClusterIP"):
        patch(dask, scheduler={"service": {"type": type_}})
        wait_for_type(dask, type_)

    dask.wait_ready("daskclusters", NAME)
    spec = dask.get("services", SERVICE)["spec"]
    assert (address, pods) == (spec["clusterIP"], all_pods(dask))
    assert not any("nodePort" in port for port in spec["ports"])


@pytest.mark.usefixtures("operator")
def test_headless_afterwards(dask: Dask) -> None:
    """
    That an address cannot be taken back is told; once the Service is deleted it comes as wanted.
    """
    created(dask, lambda spec: spec["scheduler"]["service"].update(type="ClusterIP"))
    dask.wait_ready("daskclusters", NAME)

    patch(dask, scheduler={"service": {"clusterIP": "None"}})

    told = dask.wait_for_condition("daskclusters", NAME, "Ready", reason="InvalidSpec")
    assert "may not change once set" in told["message"]
    dask.api.delete(dask.path("services", SERVICE))
    dask.wait_ready("daskclusters", NAME, SOON_SECONDS)
    assert "None" == dask.get("services", SERVICE)["spec"]["clusterIP"]
