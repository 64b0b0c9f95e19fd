"""An operator that is told which namespaces to watch, with rights in those alone."""

from collections.abc import Iterator

import pytest

from tests.e2e.cluster.controlplane.api import Api, path_of
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.controlplane import rights
from tests.e2e.controlplane.dask import Dask
from tests.e2e.controlplane.namespaces import own_namespace
from tests.e2e.controlplane.operator_process import OperatorProcess

ACCOUNT = "confined"
NAME = "simple-cluster"


@pytest.fixture
def others(api: Api) -> Iterator[tuple[Dask, Dask]]:
    """Two more namespaces."""
    with own_namespace(api) as first, own_namespace(api) as second:
        yield Dask(api, first), Dask(api, second)


def grant(dask: Dask, account_namespace: str, but: str = "") -> None:
    """Give the operator's rights in one namespace: the ClusterRole's rules, *but* one, as a Role."""
    rules = [rule for rule in rights.rules() if but not in rule["resources"]]
    rights.bind(dask.api, dask.namespace, ACCOUNT, (account_namespace, ACCOUNT), rules)


@pytest.mark.usefixtures("custom_resources")
def test_only_what_is_watched_is_served(
    dask: Dask, others: tuple[Dask, Dask], control_plane: ControlPlane
) -> None:
    """
    Clusters come up in both namespaces that it may see, with or without quotas; in a third nothing is.
    """
    second, unwatched = others
    account = {"metadata": {"name": ACCOUNT}}
    dask.api.create(path_of("v1", "serviceaccounts", dask.namespace), account)
    grant(dask, dask.namespace)
    grant(second, dask.namespace, but="resourcequotas")
    kubeconfig = control_plane.kubeconfig_for(dask.namespace, ACCOUNT)
    options = (f"--namespace={dask.namespace}", f"--namespace={second.namespace}")
    unwatched.apply("cluster.yaml")

    with OperatorProcess(kubeconfig, options=options):
        for watched in (dask, second):
            watched.apply("cluster.yaml")
        for watched in (dask, second):
            watched.wait_ready("daskclusters", NAME)
            watched.wait_for_workers(2)
        scheduler = f"{NAME}-scheduler"
        before = dask.get("pods", scheduler)["metadata"]["uid"]
        dask.api.delete(dask.path("pods", scheduler))
        dask.wait_for(
            lambda: (
                scheduler in dask.names("pods")
                and dask.get("pods", scheduler)["metadata"]["uid"] != before
            ),
            "another scheduler",
        )
        second.scale("daskworkergroups", f"{NAME}-default-worker-group", 3)
        assert 3 == len(second.wait_for_workers(3))

    assert set() == unwatched.left()
