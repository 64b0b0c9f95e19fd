"""An operator that may not list, or not have its lease, says so, waits, and starts once it may."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.cluster.controlplane.api import Api, path_of
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.cluster.controlplane.waiting import wait_until
from tests.e2e.controlplane import rights
from tests.e2e.controlplane.dask import Dask
from tests.e2e.controlplane.namespaces import own_namespace
from tests.e2e.controlplane.rights import Right
from tests.e2e.controlplane.rights_process import UnreadyOperator

NAME: Final = "simple-cluster"
ACCOUNT: Final = "confined"
READY: Final = "ok\n"
HEALED_SECONDS: Final = 40.0
LISTS: Final = [
    right
    for right in rights.rights_of(rights.rules())
    if right.verb == "list" and right.resource != "resourcequotas"
]
"""Quotas are read for speed alone: nobody waits for them (test_rights.py)."""

LEASE: Final = [Right("coordination.k8s.io", "leases", verb) for verb in ("get", "create", "patch")]


@pytest.fixture
def namespaces(api: Api) -> Iterator[list[str]]:
    """As many namespaces as there are rights to list; in the first one is the operator's account."""
    with ExitStack() as stack:
        names = [stack.enter_context(own_namespace(api)) for _ in LISTS]
        api.create(path_of("v1", "serviceaccounts", names[0]), {"metadata": {"name": ACCOUNT}})
        yield names


@pytest.fixture
def kubeconfig(control_plane: ControlPlane, namespaces: list[str], custom_resources: None) -> Path:  # noqa: ARG001 - the kinds must exist
    """The account that the rights are given to."""
    return control_plane.kubeconfig_for(namespaces[0], ACCOUNT)


def give(api: Api, namespace: str) -> None:
    """Let the operator have all rights in *namespace*."""
    role = path_of(rights.RBAC, "roles", namespace, ACCOUNT)
    api.patch(role, {"rules": rights.rules()})


def refusals(readiness: str) -> set[str]:
    """What the server refuses, of all that ``/readyz`` says: the words before who it is refused to."""
    return {line.partition(": User ")[0] for line in readiness.splitlines() if ": User " in line}


@pytest.mark.timeout(120)
def test_without_a_list_it_waits_and_says_for_what(
    api: Api, namespaces: list[str], kubeconfig: Path
) -> None:
    """
    /readyz names each list that is refused, one is enough to wait, and with the last it works.
    """
    account = (namespaces[0], ACCOUNT)
    for namespace, right in zip(namespaces, LISTS, strict=True):
        rights.bind(api, namespace, ACCOUNT, account, rights.without(rights.rules(), [right]))
    options = tuple(f"--namespace={namespace}" for namespace in namespaces)
    forbidden = [
        f"{right.resource}{'.' if right.group else ''}{right.group} is forbidden" for right in LISTS
    ]
    dask = Dask(api, namespaces[0])

    with UnreadyOperator(kubeconfig, options=options) as operator:
        wait_until(
            lambda: refusals(operator.readiness()) == set(forbidden), "all named", within_seconds=30
        )
        for namespace, right in zip(namespaces, LISTS, strict=True):
            assert f'cannot list resource "{right.resource}"' in operator.readiness()
            assert f'in the namespace "{namespace}"' in operator.readiness()
        assert "docs/security.md" in operator.readiness()
        dask.apply("cluster.yaml")
        for namespace in namespaces[1:]:
            give(api, namespace)
        wait_until(
            lambda: refusals(operator.readiness()) == {forbidden[0]},
            "one to be left",
            within_seconds=HEALED_SECONDS,
        )
        assert {NAME} == dask.names("daskclusters")
        assert set() == dask.left()
        give(api, namespaces[0])
        wait_until(
            lambda: operator.readiness() == READY, "readiness", within_seconds=HEALED_SECONDS
        )
        dask.wait_ready("daskclusters", NAME)


@pytest.mark.parametrize("missing", LEASE, ids=str)
def test_without_its_lease_it_is_not_ready(
    api: Api, namespaces: list[str], kubeconfig: Path, missing: Right
) -> None:
    """
    Who may never lead says why instead of waiting in silence, and leads once it may.
    """
    home, account = namespaces[0], (namespaces[0], ACCOUNT)
    rights.bind(api, home, ACCOUNT, account, rights.rules())
    rules = rights.without(rights.lease_rules(), [missing])
    rights.bind(api, home, rights.LEASE_ROLE, account, rules)
    if missing.verb == "patch":
        leases = path_of("coordination.k8s.io/v1", "leases", home)
        api.create(leases, {"metadata": {"name": "daskop"}, "spec": {"holderIdentity": ""}})
    options = (f"--namespace={home}", "--leader-election", f"--lease-namespace={home}")
    dask = Dask(api, home)
    dask.apply("cluster.yaml")

    with UnreadyOperator(kubeconfig, options=options) as operator:
        words = f'cannot {missing.verb} resource "leases"'
        wait_until(lambda: words in operator.readiness(), words, within_seconds=30)
        assert set() == dask.left()
        role = path_of(rights.RBAC, "roles", home, rights.LEASE_ROLE)
        api.patch(role, {"rules": rights.lease_rules()})
        wait_until(
            lambda: operator.readiness() == READY, "readiness", within_seconds=HEALED_SECONDS
        )
        dask.wait_ready("daskclusters", NAME)
