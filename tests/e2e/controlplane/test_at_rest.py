"""A thousand workers come up, and then nothing is written for a minute."""

import pytest
import yaml

from tests.e2e.cluster.controlplane.api import Api
from tests.e2e.cluster.controlplane.audit import requests
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.controlplane.dask import GROUP, SEED, Dask
from tests.e2e.controlplane.quiet import Quiet

WORKERS = 1000
REST_SECONDS = 60.0


@pytest.mark.usefixtures("operator")
@pytest.mark.timeout(300, func_only=True)
def test_a_thousand_workers_rest(api: Api, namespace: str, control_plane: ControlPlane) -> None:
    """
    From 0 to 1,000 ready workers, each made once, and then 60 s without a write.
    """
    dask, quiet = Dask(api, namespace), Quiet(control_plane, namespace, REST_SECONDS)
    manifest = yaml.safe_load((SEED / "cluster.yaml").read_text())
    manifest["spec"]["worker"]["replicas"] = WORKERS

    dask.create(manifest)

    dask.wait_ready("daskclusters", "simple-cluster", 120)
    dask.wait_for(quiet, "a minute without a write", 120)
    creates = [
        r
        for r in requests(control_plane.audit_log)
        if (r.verb, r.resource, r.namespace) == ("create", "pods", namespace)
        and r.user.endswith(":daskop")
    ]
    assert WORKERS + 1 == len(creates)
    assert WORKERS == len(dask.workers(GROUP))
