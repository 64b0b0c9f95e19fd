"""The chart renders what the overlays render, whatever the release is called."""

from pathlib import Path

import pytest
import yaml

from tests.e2e.cluster.manifests import CHART, INSTALL
from tests.e2e.controlplane.helm import WITHOUT_CLUSTER, Helm
from tests.e2e.controlplane.rendering import key, levelled, overlay


@pytest.fixture
def helm(tmp_path: Path) -> Helm:
    """Helm without a cluster."""
    return Helm(tmp_path)


def test_the_defaults_are_the_rendered_installation(helm: Helm) -> None:
    """
    Without values, the chart holds the objects of install.yaml, the CRDs among them.
    """
    expected = levelled(yaml.load_all(INSTALL.read_text(), yaml.CSafeLoader))

    assert expected == levelled(helm.template())


@pytest.mark.parametrize(
    ("values", "namespace", "overlays"),
    [
        pytest.param(('namespaces=["dask"]',), "dask", ("namespaced",), id="namespaced"),
        pytest.param(("replicas=2",), "daskop-system", ("ha",), id="ha"),
        pytest.param(
            ("monitoring.enabled=true",),
            "daskop-system",
            ("cluster-wide", "monitoring"),
            id="monitoring",
        ),
    ],
)
def test_the_values_are_the_overlays(
    tmp_path: Path, values: tuple[str, ...], namespace: str, overlays: tuple[str, ...]
) -> None:
    """
    With the values that stand for an overlay, the chart holds its objects and no others.
    """
    helm = Helm(tmp_path, namespace)

    assert overlay(*overlays) == levelled(helm.template("crds.install=false", *values))


def test_chosen_namespaces_need_no_rights_on_the_cluster(helm: Helm) -> None:
    """
    With a list of namespaces there is the same Role in each, and but for CRDs all is namespaced.
    """
    (wide,) = (o["rules"] for o in helm.template() if key(o)[1:] == ("ClusterRole", "", "daskop"))
    served = ["team-a", "team-b"]

    objects = helm.template('namespaces=["team-a","team-b"]', "monitoring.enabled=true")

    alone = {o["kind"] for o in objects if not o["metadata"].get("namespace")}
    assert {"CustomResourceDefinition"} == alone
    named = {key(o)[1:3]: o for o in objects if o["metadata"]["name"] == "daskop"}
    account = {"kind": "ServiceAccount", "name": "daskop", "namespace": "daskop-system"}
    for namespace in served:
        assert wide == named["Role", namespace]["rules"]
        assert [account] == named["RoleBinding", namespace]["subjects"]
    (pods,) = (o["spec"]["namespaceSelector"] for o in objects if o["kind"] == "PodMonitor")
    assert {"matchNames": served} == pods


def test_the_name_of_the_release_names_no_object(helm: Helm) -> None:
    """
    Another release name gives the same objects, so that one page of documentation fits all.
    """
    assert levelled(helm.template()) == levelled(helm.template(release="other"))


def test_the_chart_has_no_faults_that_helm_knows(helm: Helm) -> None:
    """
    The linter of Helm passes, as strict as it can be.
    """
    assert "0 chart(s) failed" in helm.do("lint", "--strict", WITHOUT_CLUSTER, str(CHART))
