"""The manifests as files: whole, labelled, with today's CRDs; and what users may do."""

from typing import Any

import pytest
import yaml

from daskop.api.crd import KINDS, custom_resource_definition
from tests.e2e.cluster.manifests import INSTALL, MANIFESTS, OVERLAYS

PLURALS = {kind.resource.plural for kind in KINDS}
INSTALLED = list(yaml.load_all(INSTALL.read_text(), yaml.CSafeLoader))
USERS = list(yaml.safe_load_all((OVERLAYS / "cluster-wide" / "users.yaml").read_text()))


def verbs(rules: list[dict[str, Any]]) -> dict[str, set[str]]:
    """The verbs for each resource."""
    found: dict[str, set[str]] = {}
    for rule in rules:
        for resource in rule["resources"]:
            found.setdefault(resource, set()).update(rule["verbs"])
    return found


def test_the_installation_begins_with_todays_crds() -> None:
    """
    install.yaml holds first what the models say, so that the operator finds its kinds.
    """
    expected = {kind.resource.plural: custom_resource_definition(kind) for kind in KINDS}

    first = {crd["spec"]["names"]["plural"]: crd for crd in INSTALLED[: len(KINDS)]}

    assert expected == first
    assert "CustomResourceDefinition" not in {item["kind"] for item in INSTALLED[len(KINDS) :]}


@pytest.mark.parametrize("role", USERS, ids=lambda role: role["metadata"]["name"])
def test_users_have_rights_on_our_kinds_alone(role: dict[str, Any]) -> None:
    """
    A role of users names all kinds of ours, nothing else, and lets nobody write a status.
    """
    found = verbs(role["rules"])

    assert {"kubernetes.dask.org"} == {
        group for rule in role["rules"] for group in rule["apiGroups"]
    }
    assert PLURALS == {resource for resource in found if "/" not in resource}
    assert [{"get"}] * 3 == [found[f"{plural}/status"] for plural in PLURALS]
    scalable = {kind.resource.plural for kind in KINDS if kind.scalable}
    assert scalable == {name.split("/")[0] for name in found if name.endswith("/scale")}


def test_every_object_can_be_found_by_one_label() -> None:
    """
    Each object of the installation but the CRDs has the label of the operator.
    """
    others = INSTALLED[len(KINDS) :]

    labels = [item["metadata"]["labels"]["app.kubernetes.io/name"] for item in others]
    assert ["daskop"] * len(others) == labels


def test_every_file_is_part_of_an_overlay() -> None:
    """
    Each manifest is named in the kustomization beside it.
    """
    for page in MANIFESTS.rglob("kustomization.yaml"):
        text = page.read_text()
        files = {file.name for file in page.parent.glob("*.yaml")} - {page.name}
        assert set() == {name for name in files if name not in text}
