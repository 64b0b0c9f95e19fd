"""CRDs that are older than the operator: what they drop is told, and made up for once they are new."""

import copy

import pytest

from tests.e2e.cluster.controlplane.api import Json
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.cluster.operator import NAMESPACE
from tests.e2e.controlplane import rights
from tests.e2e.controlplane.custom_resources import apply_custom_resources, repository_crds
from tests.e2e.controlplane.dask import GROUP, Dask
from tests.e2e.controlplane.operator_process import OperatorProcess

pytest_plugins = ["tests.e2e.controlplane.site_fixtures"]

FIELD = "newestPodTime"


def older(crd: Json) -> Json:
    """The CRD as one of an earlier version, without a field of the status."""
    found = copy.deepcopy(crd)
    (version,) = found["spec"]["versions"]
    del version["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"][FIELD]
    return found


@pytest.mark.timeout(180, func_only=True)
def test_a_dropped_field_is_told_and_the_work_goes_on_with_the_new_crds(
    empty: ControlPlane,
) -> None:
    """
    A worker that ended is not replaced, as that cannot be recorded; an event says why, and what to do.
    """
    apply_custom_resources(empty, [older(crd) for crd in repository_crds()])
    rights.grant(empty.api)
    dask = Dask(empty.api, "default")
    with OperatorProcess(empty.kubeconfig_for(NAMESPACE, rights.ACCOUNT)) as operator:
        dask.apply("cluster.yaml")
        dask.wait_ready("daskclusters", "simple-cluster")
        ended, _ = dask.worker_names()
        dask.set_pod(ended, phase="Failed", reason="Evicted")

        told = dask.wait_for(lambda: dask.events(GROUP).get("OutdatedSchema"), "the event")
        assert (
            "the CRD daskworkergroups.kubernetes.dask.org is older than the operator and knows no"
            f" status.{FIELD}: apply the CRDs of this version"
        ) == told
        assert told in operator.log_tail()

        apply_custom_resources(empty)

        dask.wait_for(lambda: ended not in dask.worker_names(), "the ended one to go", 90)
        dask.wait_for_workers(2)
        dask.wait_ready("daskworkergroups", GROUP)
