"""A release of the chart on a real API server: installed, upgraded, uninstalled, installed again."""

from pathlib import Path

import pytest

from tests.e2e.cluster.controlplane.api import Json, path_of
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.cluster.manifests import CHART, INSTALL
from tests.e2e.cluster.operator import NAMESPACE
from tests.e2e.controlplane.dask import Dask
from tests.e2e.controlplane.helm import RELEASE, Helm
from tests.e2e.controlplane.kubectl import Kubectl
from tests.e2e.controlplane.namespaces import enforce
from tests.e2e.controlplane.site import roll_out

pytest_plugins = ["tests.e2e.controlplane.site_fixtures"]

CLUSTER = "simple-cluster"
CRD = path_of(
    "apiextensions.k8s.io/v1",
    "customresourcedefinitions",
    name="daskclusters.kubernetes.dask.org",
)
DEPLOYMENT = path_of("apps/v1", "deployments", NAMESPACE, "daskop")


@pytest.fixture
def helm(empty: ControlPlane, tmp_path: Path) -> Helm:
    """Helm on that control plane, for a namespace where Pod Security is restricted."""
    empty.api.make_namespace(NAMESPACE)
    enforce(empty.api, NAMESPACE, "restricted")
    return Helm(tmp_path, NAMESPACE, empty.kubeconfig)


def crd(plane: ControlPlane) -> Json:
    return plane.api.get(CRD)


def test_a_release_lives_and_what_it_served_outlives_it(
    empty: ControlPlane, helm: Helm, checkout: Path
) -> None:
    """
    An upgrade brings a changed CRD and leaves custom resources alone; so does an uninstall, after
    which the same release can be installed once more.
    """
    chart = checkout / "chart"
    dask = Dask(empty.api, "default")
    helm.do("install", RELEASE, str(chart), "--wait", "--timeout=40s")
    dask.apply("cluster.yaml")
    made = dask.get("daskclusters", CLUSTER)["metadata"]

    change(chart)
    helm.do("upgrade", RELEASE, str(chart), "--wait", "--timeout=40s", "--set=replicas=2")

    assert (
        "Changed." == crd(empty)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["description"]
    )
    assert 2 == len(roll_out(empty, NAMESPACE))
    assert made["uid"] == dask.get("daskclusters", CLUSTER)["metadata"]["uid"]

    helm.do("uninstall", RELEASE, "--wait", "--timeout=40s")

    assert not empty.api.exists(DEPLOYMENT)
    assert made["uid"] == dask.get("daskclusters", CLUSTER)["metadata"]["uid"]

    helm.do("install", RELEASE, str(CHART), "--wait", "--timeout=40s")

    assert made["uid"] == dask.get("daskclusters", CLUSTER)["metadata"]["uid"]


def change(chart: Path) -> None:
    """Make a next version of the chart, with another description of a kind."""
    file = chart / "files" / "crds" / "daskclusters.yaml"
    text = file.read_text()
    (line,) = [line for line in text.splitlines() if line.startswith("        description: ")]
    file.write_text(text.replace(line, "        description: Changed."))
    page = chart / "Chart.yaml"
    page.write_text(page.read_text().replace("\nversion: 0.1.0\n", "\nversion: 0.1.1\n"))


def test_crds_go_with_the_release_if_that_is_wanted(empty: ControlPlane, helm: Helm) -> None:
    """
    With crds.keep=false an uninstall takes the CRDs along, and with them all custom resources.
    """
    helm.do("install", RELEASE, str(CHART), "--set=crds.keep=false", "--wait", "--timeout=40s")
    dask = Dask(empty.api, "default")
    dask.apply("cluster.yaml")

    helm.do("uninstall", RELEASE)

    empty.api.wait_until_gone(CRD, within_seconds=30)


def test_helm_takes_over_what_kubectl_installed(empty: ControlPlane, helm: Helm) -> None:
    """
    After a kubectl apply of install.yaml, helm install refuses; with --take-ownership the release
    goes on with the same Deployment, whose Pod stays.
    """
    Kubectl(empty, NAMESPACE).do("apply", "--validate=strict", f"--filename={INSTALL}")
    before = [pod["metadata"]["uid"] for pod in roll_out(empty, NAMESPACE)]

    refused = helm.ask("install", RELEASE, str(CHART))
    assert "exists and cannot be imported" in refused.stderr
    helm.do("install", RELEASE, str(CHART), "--take-ownership", "--wait", "--timeout=40s")

    assert before == [pod["metadata"]["uid"] for pod in roll_out(empty, NAMESPACE)]
    assert "Helm" == crd(empty)["metadata"]["labels"]["app.kubernetes.io/managed-by"]
