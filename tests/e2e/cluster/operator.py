"""The operator in a kind cluster: installed, up to date, removed."""

from tests.e2e.cluster.images import OPERATOR_IMAGE, REPOSITORY
from tests.e2e.cluster.kind import Kind

NAMESPACE = "daskop-system"
DEPLOYMENT = "deployment/daskop"
READY = "120s"

IMAGE_ANNOTATION = "daskop.local/image-id"
"""On the Pod template: an image built anew under the same name starts a new Pod."""

CRDS = str(REPOSITORY / "crds")
MANIFESTS = str(REPOSITORY / "manifests" / "base")


def deploy(cluster: Kind) -> None:
    """
    Install CRDs and operator, and wait until it is available.

    Raises:
        CommandError: If it does not become available in time.
    """
    cluster.do("apply", "-f", CRDS)
    cluster.do("wait", "--for=condition=Established", f"--timeout={READY}", "-f", CRDS)
    cluster.do("apply", "-k", MANIFESTS)
    image = cluster.docker.do("image", "inspect", "--format", "{{.Id}}", OPERATOR_IMAGE).strip()
    patch = f'{{"spec":{{"template":{{"metadata":{{"annotations":{{"{IMAGE_ANNOTATION}":"{image}"}}}}}}}}}}'
    cluster.do("--namespace", NAMESPACE, "patch", DEPLOYMENT, "--patch", patch)
    cluster.do("--namespace", NAMESPACE, "rollout", "status", DEPLOYMENT, f"--timeout={READY}")


def undeploy(cluster: Kind) -> None:
    """Remove the operator, and the CRDs with every object of our kinds; fine if they are gone."""
    cluster.do("delete", "--ignore-not-found", "--wait=true", "-f", CRDS)
    cluster.do("delete", "--ignore-not-found", "--wait=true", "-k", MANIFESTS)
