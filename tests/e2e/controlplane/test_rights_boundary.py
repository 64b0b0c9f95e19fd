"""What docs/security.md says of the boundary between users and the operator."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.docs.page import blocks
from tests.e2e.cluster.controlplane.api import Api, Json, path_of
from tests.e2e.cluster.controlplane.errors import ApiError
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.cluster.controlplane.waiting import wait_until
from tests.e2e.controlplane.dask import DASK, Dask
from tests.e2e.controlplane.namespaces import own_namespace
from tests.e2e.controlplane.operator_process import OperatorProcess
from tests.e2e.controlplane.podspecs import (
    HIGHMEM,
    HIGHMEM_WORKER,
    JOB_SCHEDULER,
    NAME,
    RUNNER,
    SCHEDULER,
    WORKER,
    Part,
)

PAGE: Final = "docs/security.md"
ADMISSION: Final = "admissionregistration.k8s.io/v1"
POLICIES, BINDINGS = "validatingadmissionpolicies", "validatingadmissionpolicybindings"
SCHEDULER_POD: Final = f"{NAME}-scheduler"


@pytest.fixture
def other(api: Api) -> Iterator[str]:
    """A namespace of somebody else's."""
    with own_namespace(api) as name:
        yield name


@pytest.mark.usefixtures("operator")
def test_a_template_cannot_say_where_and_whose_a_pod_is(dask: Dask, other: str) -> None:
    """
    Namespace, name, owners and finalizers in a template are dropped, and our labels win.
    """
    manifest = SCHEDULER.manifest()
    owner = {"apiVersion": "v1", "kind": "Namespace", "name": other, "uid": "u"}
    labels = {"dask.org/cluster-name": "another", "app.kubernetes.io/managed-by": "me", "mine": "x"}
    metadata = {
        "namespace": other,
        "name": "elsewhere",
        "ownerReferences": [owner],
        "finalizers": ["example.com/never"],
        "labels": labels,
    }
    for part in ("scheduler", "worker"):
        manifest["spec"][part]["metadata"] = metadata
    cluster = dask.create(manifest)
    dask.wait_ready("daskclusters", NAME)

    pod = dask.get("pods", SCHEDULER_POD)["metadata"]
    assert [cluster["metadata"]["uid"]] == [owner["uid"] for owner in pod["ownerReferences"]]
    assert (NAME, "daskop", "x") == tuple(pod["labels"][label] for label in labels)
    assert "finalizers" not in pod
    assert 2 == len(dask.workers())
    assert set() == Dask(dask.api, other).left()


@pytest.mark.usefixtures("operator")
def test_a_group_cannot_join_a_cluster_elsewhere(dask: Dask, other: str) -> None:
    """
    spec.cluster is a name: one with a namespace in front is nobody's, and no worker is made.
    """
    elsewhere = Dask(dask.api, other)
    elsewhere.create(SCHEDULER.manifest())
    elsewhere.wait_ready("daskclusters", NAME)
    group = HIGHMEM_WORKER.manifest()
    group["spec"]["cluster"] = f"{other}/{NAME}"
    dask.create(group)
    told = dask.wait_for_condition("daskworkergroups", HIGHMEM, "Ready", status="False")
    assert "ClusterNotFound" == told["reason"]
    assert "ownerReferences" not in dask.get("daskworkergroups", HIGHMEM)["metadata"]
    assert set() == dask.workers(HIGHMEM)


@pytest.mark.usefixtures("operator")
@pytest.mark.parametrize("token", [None, False])
def test_a_podspec_is_passed_on_untouched(dask: Dask, token: bool | None) -> None:
    """
    The ServiceAccount is the one that the user names; its token is mounted unless the user says no.
    """
    accounts = path_of("v1", "serviceaccounts", dask.namespace)
    dask.api.create(accounts, {"metadata": {"name": "own"}})
    wanted: dict[str, Any] = {"serviceAccountName": "own"}
    if token is not None:
        wanted["automountServiceAccountToken"] = token
    dask.create(SCHEDULER.manifest(podspec=wanted))
    dask.wait_for(lambda: SCHEDULER_POD in dask.names("pods"), "the scheduler")

    spec = dask.get("pods", SCHEDULER_POD)["spec"]
    mounted = any("kube-api-access" in volume["name"] for volume in spec.get("volumes", ()))
    assert ("own", token, token is None) == (
        spec["serviceAccountName"],
        spec.get("automountServiceAccountToken"),
        mounted,
    )


def test_it_connects_to_nothing_but_the_api_server(
    dask: Dask, operator: OperatorProcess, control_plane: ControlPlane
) -> None:
    """
    With a cluster and a job up, each connection that the operator has begun ends at that one port.
    """
    dask.create(SCHEDULER.manifest())
    dask.create(RUNNER.manifest())
    dask.wait_ready("daskclusters", NAME)
    dask.wait_for(lambda: "simple-job-runner" in dask.names("pods"), "the runner")

    served = {int(address.rpartition(":")[2]) for address in (operator.health, operator.metrics)}
    assert operator.pid is not None
    begun = {to for of, to in connections(operator.pid) if of not in served}
    assert {control_plane.ports.apiserver} == begun


def connections(pid: int) -> set[tuple[int, int]]:
    """Own and other port of each TCP connection of a process, to wherever."""
    links = (link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink())
    sockets = {str(link)[8:-1] for link in links if str(link).startswith("socket:")}
    lines = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    ends = [(own, to) for _, own, to, *rest in lines if rest[6] in sockets and rest[0] != LISTENING]
    return {(_port(own), _port(to)) for own, to in ends}


LISTENING: Final = "0A"


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def yaml_blocks() -> list[Json]:
    """The manifests of the page."""
    texts = [block.text for block in blocks(PAGE) if block.language == "yaml"]
    return [manifest for text in texts for manifest in yaml.safe_load_all(text)]


@pytest.fixture
def policy(dask: Dask) -> Iterator[None]:
    """The page's policy, in force in the test's namespace alone."""
    found = {manifest["kind"]: manifest for manifest in yaml_blocks()}
    policy = found["ValidatingAdmissionPolicy"]
    binding = found["ValidatingAdmissionPolicyBinding"]
    name = policy["metadata"]["name"]
    selector = {"matchLabels": {"kubernetes.io/metadata.name": dask.namespace}}
    binding["spec"]["matchResources"] = {"namespaceSelector": selector}
    api = dask.api
    api.create(path_of(ADMISSION, POLICIES), policy)
    api.create(path_of(ADMISSION, BINDINGS), binding)
    wait_until(
        lambda: refusal(dask, SCHEDULER, {"hostNetwork": True}, {}),
        "the policy in force",
        within_seconds=30,
    )
    yield
    for plural in (BINDINGS, POLICIES):
        api.delete(path_of(ADMISSION, plural, name=name))


def refusal(dask: Dask, part: Part, podspec: Json, container: Json) -> str:
    """Why an object with that in its PodSpec is not created; empty if it would be."""
    manifest = part.manifest(podspec=podspec, **container)
    manifest["metadata"]["namespace"] = dask.namespace
    path = path_of(DASK, part.plural, dask.namespace)
    try:
        dask.api.request("POST", path, manifest, params={"dryRun": "All"})
    except ApiError as error:
        return str(error)
    return ""


HOST: Final[dict[str, tuple[Json, Json, str]]] = {
    "network": ({"hostNetwork": True}, {}, "hostNetwork, hostPID and hostIPC are not allowed"),
    "processes": ({"hostPID": True}, {}, "hostNetwork, hostPID and hostIPC are not allowed"),
    "path": (
        {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]},
        {},
        "hostPath volumes are not allowed",
    ),
    "privileged": (
        {},
        {"securityContext": {"privileged": True}},
        "privileged containers and host ports are not allowed",
    ),
    "privileged init container": (
        {"initContainers": [{"name": "i", "image": "i", "securityContext": {"privileged": True}}]},
        {},
        "privileged containers and host ports are not allowed",
    ),
    "port": (
        {},
        {"ports": [{"name": "comm", "containerPort": 8786, "hostPort": 8786}]},
        "privileged containers and host ports are not allowed",
    ),
}
PARTS: Final = (SCHEDULER, WORKER, HIGHMEM_WORKER, RUNNER, JOB_SCHEDULER)
SOUND: Final = {
    "hostNetwork": False,
    "volumes": [{"name": "v", "emptyDir": {}}],
    "initContainers": [{"name": "i", "image": "i", "securityContext": {"privileged": False}}],
}


@pytest.mark.usefixtures("policy", "custom_resources")
def test_a_policy_refuses_host_access_before_a_pod_is_made(dask: Dask) -> None:
    """
    The page's policy refuses it in each PodSpec of each kind, in its own words, and nothing else.
    """
    for part in PARTS:
        for podspec, container, words in HOST.values():
            assert words in refusal(dask, part, podspec, container)
        assert not refusal(dask, part, {}, {})
        assert not refusal(dask, part, SOUND, {})
