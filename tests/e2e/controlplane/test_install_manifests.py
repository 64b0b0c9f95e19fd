"""The manifests as a real API server takes them, and the operator with the rights that they give."""

import json
from pathlib import Path

import yaml

from tests.e2e.cluster import manifests
from tests.e2e.cluster.controlplane.api import Json, path_of
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.cluster.images import REPOSITORY
from tests.e2e.cluster.operator import NAMESPACE
from tests.e2e.controlplane.custom_resources import apply_custom_resources
from tests.e2e.controlplane.dask import Dask
from tests.e2e.controlplane.kubectl import Kubectl
from tests.e2e.controlplane.namespaces import ENFORCED
from tests.e2e.controlplane.operator_process import OperatorProcess
from tests.e2e.controlplane.site import applied, roll_out

pytest_plugins = ["tests.e2e.controlplane.site_fixtures"]

EXAMPLE = REPOSITORY / "examples" / "cluster.yaml"
NAME = "simple-cluster"


def test_what_is_made_from_others_is_up_to_date() -> None:
    """
    install.yaml and the chart's files are what `make manifests` would write, and there are no others.
    """
    files = {path for path in manifests.FILES.rglob("*") if path.is_file()}
    expected = manifests.rendered()

    assert expected.keys() == files | {manifests.INSTALL}
    assert expected == {path: path.read_text() for path in expected}


def test_the_overlay_for_all_namespaces_comes_up(site: ControlPlane) -> None:
    """
    The server takes every field, and the operator is let in where Pod Security is restricted.
    """
    with applied(site, f"--kustomize={manifests.OVERLAYS / 'cluster-wide'}"):
        namespace = site.api.get(path_of("v1", "namespaces", name=NAMESPACE))

        assert "restricted" == namespace["metadata"]["labels"][ENFORCED]
        assert 1 == len(roll_out(site, NAMESPACE))


def test_two_replicas_come_up_and_a_drain_takes_one(site: ControlPlane) -> None:
    """
    The overlay ha runs two Pods, which its PodDisruptionBudget finds, and it lets one of them go.
    """
    path = path_of("policy/v1", "poddisruptionbudgets", NAMESPACE, "daskop")
    with applied(site, f"--kustomize={manifests.OVERLAYS / 'ha'}"):
        assert 2 == len(roll_out(site, NAMESPACE))

        budget = site.api.wait_for(
            path,
            lambda found: found.get("status", {}).get("currentHealthy") == 2,
            "two healthy Pods",
            within_seconds=20,
        )

    assert 1 == budget["status"]["disruptionsAllowed"]


def test_one_file_installs_everything(site: ControlPlane) -> None:
    """
    A kubectl apply of install.yaml brings the CRDs and the operator.
    """
    try:
        with applied(site, f"--filename={manifests.INSTALL}"):
            assert 1 == len(roll_out(site, NAMESPACE))
    finally:
        apply_custom_resources(site)  # which went with it


def test_a_namespace_has_an_operator_of_its_own(
    site: ControlPlane, checkout: Path, own: str
) -> None:
    """
    With one line changed, the namespaced overlay puts all of itself into that namespace, its Pod is
    let in, and its rights are enough for a cluster that starts, heals, scales and goes.
    """
    folder = checkout / "overlays" / "namespaced"
    page = folder / "kustomization.yaml"
    lines = page.read_text().splitlines()
    changed = [f"namespace: {own}" if line.startswith("namespace:") else line for line in lines]
    page.write_text("\n".join(changed))

    with applied(site, f"--kustomize={folder}", own):
        (pod,) = roll_out(site, own)
        got = Kubectl(site, own).do("get", "--output=json", f"--kustomize={folder}")
        serve(site, Dask(site.api, own), options(pod))

    assert {own} == {found["metadata"].get("namespace") for found in json.loads(got)["items"]}


def options(pod: Json) -> tuple[str, ...]:
    """The operator's command line as it is in *pod*."""
    (container,) = pod["spec"]["containers"]
    (served,) = (env for env in container["env"] if env["name"] == "DASKOP_NAMESPACES")
    assert "metadata.namespace" == served["valueFrom"]["fieldRef"]["fieldPath"]
    command, *rest = container["args"]
    assert "run" == command
    namespace = pod["metadata"]["namespace"]
    return (*rest, f"--namespace={namespace}", f"--lease-namespace={namespace}")


def serve(site: ControlPlane, dask: Dask, options: tuple[str, ...]) -> None:
    """Let an operator with the account of the namespace do all that a cluster needs."""
    kubeconfig = site.kubeconfig_for(dask.namespace, "daskop")
    with OperatorProcess(kubeconfig, options=options) as operator:
        dask.create(yaml.safe_load(EXAMPLE.read_text()))  # which is fit for the level restricted
        dask.wait_ready("daskclusters", NAME)
        scheduler = dask.get("pods", f"{NAME}-scheduler")["metadata"]["uid"]
        dask.api.delete(dask.path("pods", f"{NAME}-scheduler"))
        dask.wait_for(lambda: scheduler not in uids(dask), "the scheduler to go")
        dask.wait_ready("daskclusters", NAME)
        dask.scale("daskclusters", NAME, 3)
        assert 3 == len(dask.wait_for_workers(3))
        dask.api.delete(dask.path("daskclusters", NAME))
        dask.wait_for(lambda: not any(NAME in name for name in dask.left()), "all to go")
        assert "forbidden" not in operator.log.read_text().lower()


def uids(dask: Dask) -> set[str]:
    """The uids of all Pods."""
    return {pod["metadata"]["uid"] for pod in dask.api.list(dask.path("pods"))}
