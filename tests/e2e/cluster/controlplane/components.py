"""The command line of every component. Each flag that is not obvious has its reason."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.e2e.cluster.controlplane.options import Binaries, Options
from tests.e2e.cluster.controlplane.pki import ADVERTISED_ADDRESS, Pki
from tests.e2e.cluster.controlplane.ports import Ports

ETCD: Final = "etcd"
APISERVER: Final = "kube-apiserver"
CONTROLLER_MANAGER: Final = "kube-controller-manager"
SCHEDULER: Final = "kube-scheduler"
KWOK: Final = "kwok"

_CLIENT_RATE: Final = ("--kube-api-qps=1000", "--kube-api-burst=2000")
"""Requests a second. The default of 20 makes Kubernetes' own controllers the bottleneck; two
cores serve some 450 writes a second."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where one control plane keeps its files, and its ports."""

    folder: Path
    ports: Ports
    pki: Pki

    def kubeconfig(self, user: str) -> Path:
        """Return the kubeconfig file of *user*."""
        return self.folder / f"{user}.kubeconfig"

    @property
    def audit_log(self) -> Path:
        """One JSON object a line."""
        return self.folder / "audit.jsonl"

    @property
    def audit_policy(self) -> Path:
        """What is audited."""
        return self.folder / "audit-policy.json"

    @property
    def kwok_config(self) -> Path:
        """Settings of kwok that have no flag."""
        return self.folder / "kwok.json"


def command_line(name: str, binaries: Binaries, layout: Layout, options: Options) -> list[str]:
    """
    Return the command line of the component *name*.

    Raises:
        ValueError: If there is no such component.
    """
    match name:
        case "etcd":
            return etcd(binaries, layout)
        case "kube-apiserver":
            return apiserver(binaries, layout, options)
        case "kube-controller-manager":
            return controller_manager(binaries, layout, options)
        case "kube-scheduler":
            return scheduler(binaries, layout)
        case "kwok":
            return kwok(binaries, layout)
        case _:
            raise ValueError(f"no component is called {name}")


def etcd(binaries: Binaries, layout: Layout) -> list[str]:
    """One member, whose data need not survive a power cut."""
    client, peer = (
        f"http://127.0.0.1:{port}" for port in (layout.ports.etcd, layout.ports.etcd_peer)
    )
    return [
        str(binaries.localkube),
        ETCD,
        f"--data-dir={layout.folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def apiserver(binaries: Binaries, layout: Layout, options: Options) -> list[str]:
    """TLS from our own authority, RBAC, tokens of the file and of service accounts."""
    pki = layout.pki
    argv = [
        str(binaries.localkube),
        APISERVER,
        f"--etcd-servers=http://127.0.0.1:{layout.ports.etcd}",
        "--bind-address=127.0.0.1",
        f"--secure-port={layout.ports.apiserver}",
        # loopback may not be advertised, and a machine without network has nothing else;
        # nobody uses the address, because no reconciler writes it anywhere
        f"--advertise-address={ADVERTISED_ADDRESS}",
        "--endpoint-reconciler-type=none",
        f"--cert-dir={layout.folder}",  # else /var/run/kubernetes
        f"--tls-cert-file={pki.server_certificate}",
        f"--tls-private-key-file={pki.server_key}",
        f"--service-account-issuer={pki.issuer}",
        f"--service-account-key-file={pki.token_public_key}",
        f"--service-account-signing-key-file={pki.token_key}",
        f"--token-auth-file={pki.token_file}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--allow-privileged=true",
        # nodes are born ready; without the node-lifecycle controller the taint would stay
        f"--disable-admission-plugins={','.join(('TaintNodesByCondition', *options.disable_admission))}",
    ]
    if options.enable_admission:
        argv.append(f"--enable-admission-plugins={','.join(options.enable_admission)}")
    if options.audit:
        argv += [
            f"--audit-policy-file={layout.audit_policy}",
            f"--audit-log-path={layout.audit_log}",
            "--audit-log-format=json",
            "--audit-log-maxsize=10000",  # MB; one file, never rotated away
        ]
    return argv


def controller_manager(binaries: Binaries, layout: Layout, options: Options) -> list[str]:
    """The chosen controllers, each with a service account of its own, as kubeadm sets it up."""
    return [
        str(binaries.localkube),
        CONTROLLER_MANAGER,
        f"--kubeconfig={layout.kubeconfig(CONTROLLER_MANAGER)}",
        f"--controllers={','.join(options.controllers)}",
        f"--service-account-private-key-file={layout.pki.token_key}",
        f"--root-ca-file={layout.pki.authority}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--secure-port=0",
        # a busy machine delays heartbeats; its nodes are not ill
        "--node-monitor-grace-period=20m",
        "--horizontal-pod-autoscaler-sync-period=1s",  # 15 s by default, also before the first look
        *_CLIENT_RATE,
    ]


def scheduler(binaries: Binaries, layout: Layout) -> list[str]:
    """The default scheduler without its HTTP server."""
    return [
        str(binaries.localkube),
        SCHEDULER,
        f"--kubeconfig={layout.kubeconfig(SCHEDULER)}",
        "--leader-elect=false",
        "--secure-port=0",
        *_CLIENT_RATE,
    ]


def kwok(binaries: Binaries, layout: Layout) -> list[str]:
    """Makes every scheduled Pod Running and Ready, and every deleted one go."""
    return [
        str(binaries.kwok),
        f"--config={layout.kwok_config}",
        f"--kubeconfig={layout.kubeconfig(KWOK)}",
        "--manage-all-nodes=true",
        "--node-lease-duration-seconds=40",
        "--cidr=10.128.0.1/10",  # 4 million Pod addresses; the default has 254
    ]


def configuration(layout: Layout) -> dict[Path, str]:
    """Return the files that the command lines name, and their content."""
    audit_policy = {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [{"level": "Metadata"}],
    }
    kwok_config = {
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokConfiguration",
        # 4 by default, which plays some 250 Pods a second; 8 requests saturate two cores
        "options": {"podPlayStageParallelism": 8, "nodePlayStageParallelism": 8},
    }
    return {
        layout.audit_policy: json.dumps(audit_policy),
        layout.kwok_config: json.dumps(kwok_config),
    }


def node(name: str) -> dict[str, Any]:
    """Return a simulated node, ready from birth, with room for whatever the tests want."""
    room = {"cpu": "100k", "memory": "1Pi", "ephemeral-storage": "1Pi", "pods": "10k"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "type": "kwok",
            },
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "status": {
            "allocatable": room,
            "capacity": room,
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
        },
    }
