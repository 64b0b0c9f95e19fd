"""What the caller of a control plane chooses."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

CONTROLLERS: Final = (
    "disruption-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
    "horizontal-pod-autoscaler-controller",
    "namespace-controller",
    "node-lifecycle-controller",
    "pod-garbage-collector-controller",
    "resourcequota-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
)
"""Everything that acts on what a Dask operator makes, and nothing that makes Pods itself."""


@dataclass(frozen=True, slots=True)
class Options:
    """
    The parts and the size of a control plane.

    Attributes:
        controllers: Controllers of kube-controller-manager; none: it is not started.
        scheduler: Whether kube-scheduler is started.
        nodes: Simulated nodes; 0: kwok is not started, and no Pod ever runs.
        audit: Whether every request is written to the audit log (level Metadata).
        enable_admission: Admission plugins beside Kubernetes' defaults.
        disable_admission: Admission plugins to be left out.
    """

    controllers: tuple[str, ...] = CONTROLLERS
    scheduler: bool = True
    nodes: int = 1
    audit: bool = False
    enable_admission: tuple[str, ...] = ()
    disable_admission: tuple[str, ...] = ()


BARE: Final = Options(
    controllers=(), scheduler=False, nodes=0, disable_admission=("ServiceAccount",)
)
"""etcd and the API server alone, for benchmarks; nobody would make a Pod's ServiceAccount."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """
    The programs a control plane is made of.

    Attributes:
        localkube: etcd and Kubernetes in one; its first argument says which component it is.
        kwok: Plays the kubelet of simulated nodes.
    """

    localkube: Path
    kwok: Path
