"""The control plane behaves like Kubernetes, in everything an operator relies on."""

import json
import secrets
import subprocess
from pathlib import Path

import pytest

from tests.e2e.cluster.binaries import localkube
from tests.e2e.cluster.controlplane.api import Api, Json, has_condition, path_of
from tests.e2e.cluster.controlplane.audit import Request, requests
from tests.e2e.cluster.controlplane.components import CONTROLLER_MANAGER
from tests.e2e.cluster.controlplane.errors import ApiError
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.cluster.controlplane.waiting import wait_until

_RBAC = "rbac.authorization.k8s.io/v1"


def a_pod(name: str) -> Json:
    return {
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "main", "image": "example.org/none:1"}]},
    }


def a_config_map(name: str, owner: Json | None = None) -> Json:
    metadata: Json = {"name": name}
    if owner is not None:
        reference = {"apiVersion": "v1", "kind": "ConfigMap", **_name_and_uid(owner)}
        metadata["ownerReferences"] = [reference]
    return {"metadata": metadata}


def _name_and_uid(of: Json) -> Json:
    return {key: of["metadata"][key] for key in ("name", "uid")}


def is_ready(pod: Json) -> bool:
    return has_condition(pod, "Ready")


@pytest.fixture
def reader(api: Api, namespace: str) -> str:
    """A service account that may read the ConfigMaps of its namespace, and nothing else."""
    name = "reader"
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    api.create(path_of("v1", "serviceaccounts", namespace), {"metadata": {"name": name}})
    api.create(path_of(_RBAC, "roles", namespace), {"metadata": {"name": name}, "rules": [rule]})
    api.create(
        path_of(_RBAC, "rolebindings", namespace),
        {"metadata": {"name": name}, "roleRef": role, "subjects": [subject]},
    )
    return name


def status_of_list(client: Api, path: str) -> int:
    """Return the HTTP status that listing *path* ends with."""
    try:
        client.list(path)
    except ApiError as error:
        return error.status
    return 200


def test_a_namespace_comes_and_goes_with_all_that_is_in_it(api: Api) -> None:
    """
    Deleting a namespace removes the objects in it, and then the namespace.
    """
    name = f"test-{secrets.token_hex(4)}"
    path = path_of("v1", "namespaces", name=name)
    api.create(path_of("v1", "namespaces"), {"metadata": {"name": name}})
    api.create(path_of("v1", "configmaps", name), a_config_map("inside"))

    api.delete(path)

    api.wait_until_gone(path, within_seconds=30)
    assert not api.exists(path_of("v1", "configmaps", name, "inside"))


def test_a_pod_is_scheduled_runs_and_is_ready(api: Api, namespace: str) -> None:
    """
    A Pod gets a node, phase Running, the Ready condition and an address of its own.
    """
    api.create(path_of("v1", "pods", namespace), a_pod("one"))

    path = path_of("v1", "pods", namespace, "one")
    pod = api.wait_for(path, is_ready, "Ready", within_seconds=20)

    assert ("simulated-0", "Running") == (pod["spec"]["nodeName"], pod["status"]["phase"])
    assert pod["status"]["podIP"]


def test_a_deleted_pod_goes(api: Api, namespace: str) -> None:
    """
    A running Pod that is deleted disappears: the simulated kubelet ends its containers.
    """
    path = path_of("v1", "pods", namespace, "one")
    api.create(path_of("v1", "pods", namespace), a_pod("one"))
    api.wait_for(path, is_ready, "Ready", within_seconds=20)

    api.delete(path)

    api.wait_until_gone(path, within_seconds=20)


def test_a_dependent_is_collected_after_its_owner(api: Api, namespace: str) -> None:
    """
    The garbage collector deletes what a deleted object owned, and nothing else.
    """
    config_maps = path_of("v1", "configmaps", namespace)
    owner = api.create(config_maps, a_config_map("owner"))
    api.create(config_maps, a_config_map("dependent", owner))
    api.create(config_maps, a_config_map("bystander"))

    api.delete(f"{config_maps}/owner")

    api.wait_until_gone(f"{config_maps}/dependent", within_seconds=30)
    assert api.exists(f"{config_maps}/bystander")


def test_a_token_opens_what_is_granted_and_nothing_else(
    control_plane: ControlPlane, namespace: str, reader: str
) -> None:
    """
    With a service account's token RBAC lets the granted request through and denies the others.
    """
    client = control_plane.api.as_user(control_plane.token_for(namespace, reader))

    paths = [
        path_of("v1", "configmaps", namespace),
        path_of("v1", "secrets", namespace),
        path_of("v1", "configmaps", "default"),
    ]
    assert [200, 403, 403] == [status_of_list(client, path) for path in paths]


def test_a_token_that_expired_is_refused(
    control_plane: ControlPlane, namespace: str, reader: str
) -> None:
    """
    A token is accepted until its time is over, and answered with 401 from then on.
    """
    token = control_plane.short_lived_token(namespace, reader, seconds=5)
    client = control_plane.api.as_user(token)
    path = path_of("v1", "configmaps", namespace)

    before = status_of_list(client, path)
    wait_until(lambda: status_of_list(client, path) == 401, "401", within_seconds=30, every=0.5)

    assert 200 == before


def test_kubectl_is_whom_the_kubeconfig_says(
    tmp_path: Path, control_plane: ControlPlane, namespace: str, reader: str
) -> None:
    """
    With a service account's kubeconfig kubectl verifies the server and is that account.
    """
    kubeconfig = control_plane.kubeconfig_for(namespace, reader)

    files = [f"--kubeconfig={kubeconfig}", f"--cache-dir={tmp_path}"]
    asked = ["kubectl", *files, "auth", "whoami", "--output=json"]
    answer = subprocess.run([localkube(), *asked], check=True, capture_output=True, timeout=20)

    user = json.loads(answer.stdout)["status"]["userInfo"]["username"]
    assert f"system:serviceaccount:{namespace}:{reader}" == user
    assert "insecure" not in kubeconfig.read_text()


def test_a_paused_controller_manager_does_nothing_until_it_goes_on(
    control_plane: ControlPlane, namespace: str
) -> None:
    """
    While the controllers are paused nothing is collected; afterwards they catch up.
    """
    api, config_maps = control_plane.api, path_of("v1", "configmaps", namespace)
    owner = api.create(config_maps, a_config_map("owner"))
    api.create(config_maps, a_config_map("dependent", owner))

    control_plane.pause(CONTROLLER_MANAGER)
    try:
        api.delete(f"{config_maps}/owner")
        with pytest.raises(TimeoutError):
            api.wait_until_gone(f"{config_maps}/dependent", within_seconds=2)
    finally:
        control_plane.resume(CONTROLLER_MANAGER)

    api.wait_until_gone(f"{config_maps}/dependent", within_seconds=30)


def test_the_audit_log_counts_requests(control_plane: ControlPlane, namespace: str) -> None:
    """
    Every request is one line of the audit log, with its verb, object, user and answer.
    """
    config_maps = path_of("v1", "configmaps", namespace)
    for name in ("a", "b", "c"):
        control_plane.api.create(config_maps, a_config_map(name))

    def creates() -> list[Request]:
        ours = [r for r in requests(control_plane.audit_log) if r.namespace == namespace]
        return [r for r in ours if (r.verb, r.resource) == ("create", "configmaps")]

    wait_until(lambda: len(creates()) >= 3, "3 lines", within_seconds=10, every=0.1)
    expected = [Request("admin", "create", "configmaps", namespace, n, 201) for n in "abc"]
    assert expected == creates()
