"""What plans decide on: an object of each kind, and what stands around it."""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from daskop.api.children import Pod, Service
from daskop.api.cluster import DaskCluster
from daskop.api.job import DaskJob
from daskop.api.meta import HasMeta, Meta
from daskop.api.worker_group import DaskWorkerGroup


@dataclass(frozen=True, slots=True)
class ObservedCluster:
    """A cluster and what stands under the names of its children, ours or not."""

    cluster: DaskCluster
    scheduler: Pod | None
    service: Service | None
    group: DaskWorkerGroup | None


@dataclass(frozen=True, slots=True)
class ObservedWorkerGroup:
    """
    A worker group and what it rests on.

    Attributes:
        cluster: The cluster that its spec names, if there is one.
        address: The scheduler's address for that cluster.
        pods: Its Pods, those that end or go included.
        taken: The names of all Pods in its namespace that stand under a name of the group.
        served: Whether the cluster's own Service stands, by which workers reach the scheduler.
    """

    group: DaskWorkerGroup
    cluster: DaskCluster | None
    address: str
    pods: Sequence[Pod]
    taken: Container[str]
    served: bool = True


@dataclass(frozen=True, slots=True)
class ObservedJob:
    """
    A job and what stands under the names of its children, ours or not.

    Attributes:
        address: The scheduler's address, once it accepts connections there; else None.
    """

    job: DaskJob
    cluster: DaskCluster | None
    runner: Pod | None
    address: str | None


def is_own(owner: Meta, child: HasMeta | None) -> bool:
    """Whether *child* is the owner's and stays: one that is going must be waited out."""
    return child is not None and child.meta.controlled_by(owner.uid) and not child.meta.deleting
