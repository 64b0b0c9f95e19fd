"""Command lines, and the files they name."""

import json
from pathlib import Path

import pytest

from tests.e2e.cluster.controlplane import components
from tests.e2e.cluster.controlplane.components import Layout
from tests.e2e.cluster.controlplane.options import BARE, Binaries, Options
from tests.e2e.cluster.controlplane.pki import Pki
from tests.e2e.cluster.controlplane.ports import Ports

_BINARIES = Binaries(localkube=Path("/bin/localkube"), kwok=Path("/bin/kwok"))
_FOLDER = Path("/data")
_LAYOUT = Layout(_FOLDER, Ports(etcd=1, etcd_peer=2, apiserver=3), Pki(_FOLDER / "pki"))


def argv_of(name: str, options: Options | None = None) -> list[str]:
    return components.command_line(name, _BINARIES, _LAYOUT, options or Options())


def test_every_component_of_kubernetes_is_one_program() -> None:
    """
    All parts of Kubernetes, etcd too, are called as the first argument of one binary.
    """
    names = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]

    assert [["/bin/localkube", name] for name in names] == [argv_of(name)[:2] for name in names]
    assert "/bin/kwok" == argv_of("kwok")[0]


def test_an_unknown_component_is_an_error() -> None:
    """
    A name that is no component's is named in the error.
    """
    with pytest.raises(ValueError, match="kubelet"):
        argv_of("kubelet")


def test_the_api_server_uses_rbac_and_its_own_ports() -> None:
    """
    The API server listens on loopback, asks our etcd, and authorizes with RBAC alone.
    """
    expected = {
        "--bind-address=127.0.0.1",
        "--secure-port=3",
        "--etcd-servers=http://127.0.0.1:1",
        "--authorization-mode=RBAC",
    }

    assert expected <= set(argv_of("kube-apiserver"))


def test_the_audit_log_is_written_on_request_only() -> None:
    """
    Without the option no flag speaks of an audit; with it the log has a path and a policy.
    """
    expected = {
        "--audit-log-path=/data/audit.jsonl",
        "--audit-policy-file=/data/audit-policy.json",
    }

    assert not any("audit" in flag for flag in argv_of("kube-apiserver"))
    assert expected <= set(argv_of("kube-apiserver", Options(audit=True)))


def test_admission_plugins_are_the_callers_choice() -> None:
    """
    Plugins to add and to leave out reach the API server.
    """
    options = Options(enable_admission=("PodNodeSelector",), disable_admission=("Priority",))

    expected = {
        "--enable-admission-plugins=PodNodeSelector",
        "--disable-admission-plugins=TaintNodesByCondition,Priority",
    }
    assert expected <= set(argv_of("kube-apiserver", options))


def test_service_account_admission_is_on_unless_nobody_makes_the_accounts() -> None:
    """
    Pods get their token as on any cluster; only the bare API server has no controller for it.
    """
    assert not any("ServiceAccount" in flag for flag in argv_of("kube-apiserver"))
    assert any(",ServiceAccount" in flag for flag in argv_of("kube-apiserver", BARE))


def test_the_callers_controllers_are_started() -> None:
    """
    The controller manager runs the chosen controllers and no others.
    """
    argv = argv_of("kube-controller-manager", Options(controllers=("a", "b")))

    assert "--controllers=a,b" in argv


def test_every_file_on_a_command_line_lies_in_the_folder() -> None:
    """
    No component reads or writes a file outside of its data folder.
    """
    names = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"]
    values = [flag.partition("=")[2] for n in names for flag in argv_of(n, Options(audit=True))]

    assert all(value.startswith("/data") for value in values if value.startswith("/"))


def test_the_configuration_files_are_json() -> None:
    """
    The audit policy and kwok's settings are readable by the components, for which YAML includes JSON.
    """
    kinds = {json.loads(text)["kind"] for text in components.configuration(_LAYOUT).values()}

    assert {"Policy", "KwokConfiguration"} == kinds


def test_a_simulated_node_is_ready_and_has_no_taint() -> None:
    """
    The scheduler may use a node from the moment it exists, for 10,000 Pods.
    """
    node = components.node("n")

    assert "spec" not in node
    assert "10k" == node["status"]["allocatable"]["pods"]
    assert ["True"] == [c["status"] for c in node["status"]["conditions"]]
