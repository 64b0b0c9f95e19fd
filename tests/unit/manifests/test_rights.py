"""The rights in the manifests, and the page that says why each of them is needed."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.e2e.cluster.manifests import INSTALL
from tests.e2e.controlplane.rights import Right, rights_of

ROOT: Final = Path(__file__).parents[3]
PAGE: Final = (ROOT / "docs" / "security.md").read_text()

CELL: Final = r"\s*((?:`[\w./]+`\s*)+|core\s*)"
ROW: Final = re.compile(rf"^\|{CELL}\|{CELL}\|{CELL}\| (.+) \|$", re.MULTILINE)
WORD: Final = re.compile(r"`([\w./]+)`")

DASK: Final = "kubernetes.dask.org"


def roles() -> dict[str, dict[str, Any]]:
    """All roles that are installed, by name."""
    documents = yaml.load_all(INSTALL.read_text(), yaml.CSafeLoader)
    found = [d for d in documents if d["kind"] in {"Role", "ClusterRole"}]
    return {role["metadata"]["name"]: role for role in found}


def explained(part: str) -> Iterator[Right]:
    """Each right in the tables of a part of the page."""
    for group, resources, verbs, _why in ROW.findall(part):
        for resource in WORD.findall(resources):
            of = "".join(WORD.findall(group))
            yield from (Right(of, resource, verb) for verb in WORD.findall(verbs))


def test_the_page_explains_each_right_once() -> None:
    """
    The tables name group, resource and verb of what the two roles give, and nothing else.
    """
    own = PAGE.partition("## Its rights")[2].partition("### When a right is missing")[0]
    everywhere, _, at_home = own.partition("In its own namespace")

    assert Counter(rights_of(roles()["daskop"]["rules"])) == Counter(explained(everywhere))
    assert Counter(rights_of(roles()["daskop-lease"]["rules"])) == Counter(explained(at_home))


def test_the_lease_has_a_name() -> None:
    """
    Only to create it no name can be given; what is done to a Lease is done to the operator's.
    """
    named = {
        verb: rule.get("resourceNames")
        for rule in roles()["daskop-lease"]["rules"]
        for verb in rule["verbs"]
    }
    assert {"create": None, "get": ["daskop"], "patch": ["daskop"]} == named


ALLOWED: Final = {
    ("", "events"),
    ("", "pods"),
    ("", "resourcequotas"),
    ("", "services"),
    ("coordination.k8s.io", "leases"),
    *((DASK, f"{kind}{part}") for kind in ("daskclusters", "daskworkergroups", "daskjobs") for part in ("", "/status", "/scale", "/finalizers")),
}  # fmt: skip
"""No wildcard, no secrets, no nodes, no pods/exec, no roles, no serviceaccounts."""


@pytest.mark.parametrize("name", roles())
def test_no_role_reaches_further(name: str) -> None:
    """
    Every role that is installed is about these resources alone, by verbs that it names.
    """
    role = roles()[name]
    assert set() == {(group, resource) for group, resource, _ in rights_of(role["rules"])} - ALLOWED
    assert "*" not in {verb for _, _, verb in rights_of(role["rules"])}
    assert all(rule.keys() <= {"apiGroups", "resources", "resourceNames", "verbs"} for rule in role["rules"])  # fmt: skip


def test_only_the_operator_is_bound() -> None:
    """
    Each binding gives one of its roles to the operator's ServiceAccount, and to nobody else.
    """
    documents = yaml.load_all(INSTALL.read_text(), yaml.CSafeLoader)
    bindings = [d for d in documents if d["kind"] in {"RoleBinding", "ClusterRoleBinding"}]
    subjects = [subject for binding in bindings for subject in binding["subjects"]]
    account = {"kind": "ServiceAccount", "name": "daskop", "namespace": "daskop-system"}
    assert {"daskop", "daskop-lease"} == {binding["roleRef"]["name"] for binding in bindings}
    assert [account] * len(bindings) == subjects
