"""The operator in a kind cluster: installed, up to date, removed."""

import yaml

from tests.e2e.cluster.images import OPERATOR_IMAGE, REPOSITORY
from tests.e2e.cluster.kind import Kind

NAMESPACE = "daskop-system"
DEPLOYMENT = "deployment/daskop"
READY = "120s"

IMAGE_ANNOTATION = "daskop.local/image-id"
"""On the Pod template: an image built anew under the same name starts a new Pod."""

CRDS = str(REPOSITORY / "crds")
MANIFESTS = str(REPOSITORY / "manifests" / "overlays" / "cluster-wide")


def deploy(cluster: Kind) -> None:
    """
    Install CRDs and operator, and wait until it is available.

    Raises:
        CommandError: If it does not become available in time.
    """
    cluster.do("apply", "-f", CRDS)
    cluster.do("wait", "--for=condition=Established", f"--timeout={READY}", "-f", CRDS)
    image = cluster.docker.do("image", "inspect", "--format", "{{.Id}}", OPERATOR_IMAGE).strip()
    cluster.do("apply", "-f", "-", stdin=manifests(cluster, image))
    cluster.do("--namespace", NAMESPACE, "rollout", "status", DEPLOYMENT, f"--timeout={READY}")


def manifests(cluster: Kind, image: str) -> str:
    """
    Render the manifests, with the id of the image on the Pod template.

    In one apply: a second change right after it would end a Pod that has only begun to start.
    """
    objects = list(yaml.safe_load_all(cluster.do("kustomize", MANIFESTS)))
    for item in objects:
        if item["kind"] == "Deployment":
            metadata = item["spec"]["template"]["metadata"]
            metadata["annotations"] = {IMAGE_ANNOTATION: image}
    return yaml.safe_dump_all(objects)


def undeploy(cluster: Kind) -> None:
    """Remove the operator, and the CRDs with every object of our kinds; fine if they are gone."""
    cluster.do("delete", "--ignore-not-found", "--wait=true", "-f", CRDS)
    cluster.do("delete", "--ignore-not-found", "--wait=true", "-k", MANIFESTS)
