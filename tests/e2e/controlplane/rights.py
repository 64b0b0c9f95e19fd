"""The operator's rights, exactly as manifests/install.yaml gives them, whole or but for one."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import yaml

from tests.e2e.cluster.controlplane.api import Api, Json, path_of
from tests.e2e.cluster.manifests import INSTALL
from tests.e2e.cluster.operator import NAMESPACE

ACCOUNT = "daskop"
LEASE_ROLE = "daskop-lease"
RBAC = "rbac.authorization.k8s.io/v1"
_KINDS = ("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")


class Right(NamedTuple):
    """One verb on one resource, of which the subresource stands behind a slash."""

    group: str
    resource: str
    verb: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}"


@cache
def manifests() -> tuple[dict[str, Any], ...]:
    """The account, the roles and their bindings."""
    documents = yaml.load_all(INSTALL.read_text(), yaml.CSafeLoader)
    return tuple(document for document in documents if document["kind"] in _KINDS)


def rules(kind: str = "ClusterRole", name: str = ACCOUNT) -> list[dict[str, Any]]:
    """The rules of a role, by default of the operator's ClusterRole."""
    (found,) = (
        manifest["rules"]
        for manifest in manifests()
        if (manifest["kind"], manifest["metadata"]["name"]) == (kind, name)
    )
    return [dict(rule) for rule in found]


def lease_rules() -> list[dict[str, Any]]:
    """The rules of the Role in the namespace of the Lease."""
    return rules("Role", LEASE_ROLE)


def rights_of(rules: Sequence[Json]) -> Iterator[Right]:
    """Each right that *rules* give."""
    for rule in rules:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                yield from (Right(group, resource, verb) for verb in rule["verbs"])


def without(rules: Sequence[Json], taken: Sequence[Right]) -> list[Json]:
    """*rules* but for the rights that are *taken*; what names an object goes on naming it."""
    left = []
    for rule in rules:
        names = {"resourceNames": rule["resourceNames"]} if "resourceNames" in rule else {}
        left += [
            {"apiGroups": [g], "resources": [r], "verbs": [v], **names}
            for g, r, v in rights_of([rule])
            if Right(g, r, v) not in taken
        ]
    return left


def grant(api: Api) -> None:
    """Install the account with its rights."""
    api.make_namespace(NAMESPACE)
    for manifest in manifests():
        plural = f"{manifest['kind'].lower()}s"
        namespace = manifest["metadata"].get("namespace", "")
        api.create(path_of(manifest["apiVersion"], plural, namespace), manifest)


def bind(api: Api, namespace: str, name: str, account: tuple[str, str], rules: list[Json]) -> None:
    """Give *rules* in *namespace*, by a Role *name*, to an *account* (its namespace and name)."""
    subject = {"kind": "ServiceAccount", "namespace": account[0], "name": account[1]}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    role = {"metadata": {"name": name}, "rules": rules}
    binding = {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}
    api.create(path_of(RBAC, "roles", namespace), role)
    api.create(path_of(RBAC, "rolebindings", namespace), binding)
