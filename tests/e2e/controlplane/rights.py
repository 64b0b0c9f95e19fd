"""The operator's rights, exactly as manifests/install.yaml gives them."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.cluster.controlplane.api import Api, path_of
from tests.e2e.cluster.operator import NAMESPACE

INSTALL = Path(__file__).parents[3] / "manifests" / "install.yaml"
ACCOUNT = "daskop"
RBAC = "rbac.authorization.k8s.io/v1"
_KINDS = ("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")


@cache
def manifests() -> tuple[dict[str, Any], ...]:
    """The account, the roles and their bindings."""
    documents = yaml.load_all(INSTALL.read_text(), yaml.CSafeLoader)
    return tuple(document for document in documents if document["kind"] in _KINDS)


def rules() -> list[dict[str, Any]]:
    """The rules of the operator's ClusterRole."""
    (found,) = (
        manifest["rules"]
        for manifest in manifests()
        if (manifest["kind"], manifest["metadata"]["name"]) == ("ClusterRole", ACCOUNT)
    )
    return [dict(rule) for rule in found]


def grant(api: Api) -> None:
    """Install the account with its rights."""
    api.make_namespace(NAMESPACE)
    for manifest in manifests():
        plural = f"{manifest['kind'].lower()}s"
        namespace = manifest["metadata"].get("namespace", "")
        api.create(path_of(manifest["apiVersion"], plural, namespace), manifest)
