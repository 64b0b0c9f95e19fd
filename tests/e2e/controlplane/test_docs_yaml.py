"""The manifests that the documentation shows, and those in examples/, on a real API server."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from daskop.api.wellknown import API_VERSION
from tests.docs.page import ROOT, blocks, pages
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.controlplane.kubectl import Kubectl

EXAMPLES = [str(file.relative_to(ROOT)) for file in sorted((ROOT / "examples").glob("*.yaml"))]


def shown(page: str) -> list[dict[str, Any]]:
    """The manifests of a page, or of a file; YAML without ``apiVersion`` is for other programs."""
    texts = [block.text for block in blocks(page) if block.language == "yaml"]
    if page in EXAMPLES:
        texts = [(ROOT / page).read_text()]
    found = [manifest for text in texts for manifest in yaml.safe_load_all(text)]
    return [manifest for manifest in found if manifest and "apiVersion" in manifest]


def objects(manifest: dict[str, Any], namespace: str) -> Iterator[dict[str, Any]]:
    """The manifest, in *namespace*, and each Pod and Service that the operator would make of it."""
    metadata = manifest["metadata"]
    metadata["namespace"] = namespace  # kubectl does not mind it where there is none
    yield manifest
    if manifest["apiVersion"] == API_VERSION:
        yield from children(manifest["spec"], {**metadata, "name": f"{metadata['name']}-0"})


def children(spec: dict[str, Any], metadata: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The PodSpecs and ServiceSpecs in *spec*, of which our schema knows a part only, as objects."""
    if "containers" in spec:
        yield {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        return
    for number, (field, value) in enumerate(spec.items()):
        if field == "service":
            service = {"ports": [{"port": 8786}], **value}
            yield {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": service}
        elif isinstance(value, dict):
            yield from children(value, {**metadata, "name": f"{metadata['name']}{number}"})


@pytest.mark.usefixtures("custom_resources")
@pytest.mark.parametrize("page", [page for page in (*pages(), *EXAMPLES) if shown(page)])
def test_each_manifest_is_taken(page: str, control_plane: ControlPlane, namespace: str) -> None:
    """
    The API server takes what a page shows, and knows each field of the Pods in it, too.
    """
    kubectl = Kubectl(control_plane, namespace)
    made = [each for manifest in shown(page) for each in objects(manifest, namespace)]

    printed = kubectl.do(
        "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-",
        stdin=yaml.safe_dump_all(made),
    )  # fmt: skip

    assert len(made) == len(printed.splitlines())
