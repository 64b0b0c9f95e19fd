"""A control plane on which the operator is installed, apart from the session's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.e2e.cluster.controlplane.api import Json, path_of
from tests.e2e.cluster.controlplane.options import CONTROLLERS, Options
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.cluster.operator import DEPLOYMENT, NAMESPACE
from tests.e2e.controlplane.kubectl import Kubectl

SITE: Final = Options(
    controllers=(
        *CONTROLLERS,
        "clusterrole-aggregation-controller",
        "deployment-controller",
        "replicaset-controller",
    )
)
"""Deployments come up, played by simulated nodes, and roles are aggregated."""


@contextmanager
def applied(site: ControlPlane, what: str, namespace: str = NAMESPACE) -> Iterator[None]:
    """A block in which the manifests of a kubectl option are installed, which are for *namespace*."""
    kubectl = Kubectl(site, namespace)
    try:
        kubectl.do("apply", "--validate=strict", what)
        yield
    finally:
        kubectl.do("delete", "--ignore-not-found", "--wait=true", what)


def roll_out(site: ControlPlane, namespace: str) -> list[Json]:
    """Wait until the operator's Deployment is complete, and return its Pods."""
    Kubectl(site, namespace).do("rollout", "status", DEPLOYMENT, "--timeout=40s")
    pods = site.api.list(path_of("v1", "pods", namespace), "app.kubernetes.io/name=daskop")
    return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
