"""What Kubernetes' own roles allow with our kinds once the operator is installed."""

import secrets
from collections.abc import Iterator

import pytest

from tests.e2e.cluster.controlplane.api import path_of
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.cluster.controlplane.waiting import wait_until
from tests.e2e.cluster.manifests import OVERLAYS
from tests.e2e.controlplane.kubectl import Kubectl
from tests.e2e.controlplane.site import applied

pytest_plugins = ["tests.e2e.controlplane.site_fixtures"]

DASK = "kubernetes.dask.org"
KINDS = ("daskclusters", "daskworkergroups", "daskjobs")
SCALABLE = ("daskclusters", "daskworkergroups")
CHANGES = ("create", "update", "patch", "delete", "deletecollection")

SEE = {
    *(f"{verb} {kind}" for verb in ("get", "list", "watch") for kind in KINDS),
    *(f"get {kind}/status" for kind in KINDS),
    *(f"get {kind}/scale" for kind in SCALABLE),
}
CHANGE = {
    *(f"{verb} {kind}" for verb in CHANGES for kind in KINDS),
    *(f"{verb} {kind}/scale" for verb in ("update", "patch") for kind in SCALABLE),
}
NOBODY = {f"{verb} {kind}/status" for verb in ("update", "patch") for kind in KINDS}
ALL = SEE | CHANGE | NOBODY

ROLES = {
    "view": SEE,
    "edit": SEE | CHANGE,
    "admin": SEE | CHANGE,
    "daskop-view": SEE,
    "daskop-edit": SEE | CHANGE,
    "daskop-admin": SEE | CHANGE,
}


@pytest.fixture(scope="module")
def installed(site: ControlPlane) -> Iterator[ControlPlane]:
    """A control plane with the operator for all namespaces."""
    with applied(site, f"--kustomize={OVERLAYS / 'cluster-wide'}"):
        yield site


@pytest.mark.parametrize(("role", "allowed"), ROLES.items(), ids=ROLES)
def test_a_role_in_a_namespace_knows_our_kinds(
    installed: ControlPlane, own: str, role: str, allowed: set[str]
) -> None:
    """
    Who views may see our kinds, who edits or administers may change and scale them, in that
    namespace alone; their status is nobody's to write.
    """
    user = f"user-{secrets.token_hex(4)}"
    Kubectl(installed, own).do(
        "create", "rolebinding", user, f"--clusterrole={role}", f"--user={user}"
    )

    wait_until(
        lambda: allowed == may(installed, user, own, allowed),
        f"the rights of {role}",
        within_seconds=20,
    )

    assert allowed == may(installed, user, own, ALL)
    assert set() == may(installed, user, "default", ALL)


def may(site: ControlPlane, user: str, namespace: str, actions: set[str]) -> set[str]:
    """What of *actions* (verb, space, resource) *user* may do in *namespace*."""
    path = path_of("authorization.k8s.io/v1", "subjectaccessreviews")
    reviews = {action: review(user, namespace, *action.split()) for action in actions}
    return {
        action
        for action, body in reviews.items()
        if site.api.create(path, body)["status"]["allowed"]
    }


def review(user: str, namespace: str, verb: str, resource: str) -> dict[str, object]:
    """The question whether *user* may."""
    plural, _, part = resource.partition("/")
    attributes = {
        "namespace": namespace,
        "group": DASK,
        "resource": plural,
        "subresource": part,
        "verb": verb,
    }
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "resourceAttributes": attributes},
    }
