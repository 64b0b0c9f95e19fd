"""The CRDs, the models behind them, and the command that prints them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from daskop import __version__
from daskop.api.cluster import CLUSTER
from daskop.api.crd import KINDS, custom_resource_definition
from daskop.api.job import JOB
from daskop.api.kinds import Kind
from daskop.api.meta import Manifest
from daskop.api.worker_group import WORKER_GROUP
from daskop.cli import main
from daskop.errors import InvalidManifestError
from daskop.plan.probes import lift_probe_fields

REPOSITORY = Path(__file__).parents[3]
SEED = REPOSITORY / "tests" / "e2e" / "seed"
MANIFESTS = [
    pytest.param(SEED / "cluster.yaml", CLUSTER, id="cluster"),
    pytest.param(SEED / "highmemworkers.yaml", WORKER_GROUP, id="group"),
    pytest.param(SEED / "job.yaml", JOB, id="job"),
    pytest.param(REPOSITORY / "examples" / "job.yaml", JOB, id="example"),
]
APPLY_LIMIT_BYTES = 100_000


def schema(kind: Kind[Any]) -> dict[str, Any]:
    (version,) = custom_resource_definition(kind)["spec"]["versions"]
    found: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return found


def properties(node: Manifest, path: str = "") -> Iterator[tuple[str, Manifest]]:
    for name, child in node.get("properties", {}).items():
        yield f"{path}.{name}", child
        yield from properties(child, f"{path}.{name}")
    if "items" in node:
        yield from properties(node["items"], f"{path}[]")


def from_server(manifest: dict[str, Any]) -> dict[str, Any]:
    metadata = {"namespace": "ns", "uid": "u", "resourceVersion": "1", **manifest["metadata"]}
    return {**manifest, "metadata": metadata}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.resource.kind)
def test_every_field_is_explained(kind: Kind[Any]) -> None:
    """
    Each field has a description for kubectl explain.
    """
    silent = [
        path
        for path, node in properties(schema(kind))
        if path != ".metadata" and not node.get("description")
    ]

    assert [] == silent


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.resource.kind)
def test_the_files_are_what_the_models_say(kind: Kind[Any]) -> None:
    """
    The file in crds/ is what `make crds` would write, and small enough for kubectl apply.
    """
    file = REPOSITORY / "crds" / f"{kind.resource.plural}.yaml"

    assert custom_resource_definition(kind) == yaml.safe_load(file.read_text())
    assert file.stat().st_size < APPLY_LIMIT_BYTES


@pytest.mark.parametrize(("file", "kind"), MANIFESTS)
def test_the_users_manifests_fit(file: Path, kind: Kind[Any]) -> None:
    """
    The schema accepts the manifests as written, and the model keeps their PodSpecs untouched.
    """
    manifest = yaml.safe_load(file.read_text())

    jsonschema.validate(manifest, schema(kind))
    spec = kind.parse(from_server(manifest)).spec

    dumped = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert manifest["spec"] == dumped


@pytest.mark.parametrize("example", ["cluster", "worker-group", "job"])
def test_the_examples_suit_every_dask(example: str) -> None:
    """
    They use commands that old and new releases have, and no field that Kubernetes ignores.
    """
    text = (REPOSITORY / "examples" / f"{example}.yaml").read_text()
    containers = list(found(yaml.safe_load(text), "containers"))

    assert containers
    assert [] == [word for word in ("dask-worker", "dask-scheduler") if f"- {word}" in text]
    assert containers == [lift_probe_fields(container) for container in containers]


def found(value: Any, name: str) -> Iterator[Any]:
    """The entries of each list *name* anywhere in *value*."""
    if isinstance(value, list):
        for entry in value:
            yield from found(entry, name)
    if isinstance(value, dict):
        yield from value.get(name, ())
        for inner in value.values():
            yield from found(inner, name)


@pytest.mark.parametrize("replicas", [-1, 10_001, "many"])
def test_an_absurd_number_of_workers_is_refused(replicas: object) -> None:
    """
    The schema bounds replicas, and so does the model.
    """
    manifest = yaml.safe_load((SEED / "highmemworkers.yaml").read_text())
    manifest["spec"]["worker"]["replicas"] = replicas

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(manifest, schema(WORKER_GROUP))
    with pytest.raises(InvalidManifestError, match="replicas"):
        WORKER_GROUP.parse(from_server(manifest))


def test_replicas_default_to_one() -> None:
    """
    A group that does not say how many workers it wants has one.
    """
    replicas = schema(WORKER_GROUP)["properties"]["spec"]["properties"]["worker"]["properties"]

    assert 1 == replicas["replicas"]["default"]


def test_the_commands_print() -> None:
    """
    `daskop crds` prints all three, `daskop version` the version.
    """
    crds = CliRunner().invoke(main, ["crds"])
    version = CliRunner().invoke(main, ["version"])

    printed = [document["spec"]["names"]["kind"] for document in yaml.safe_load_all(crds.output)]
    assert ["DaskCluster", "DaskWorkerGroup", "DaskJob"] == printed
    assert f"{__version__}\n" == version.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param([], "--kubeconfig FILE", id="no cluster"),
        pytest.param(["--health-address=nonsense"], "HOST:PORT", id="bad address"),
        pytest.param(["--kubeconfig=/does/not/exist"], "does not exist", id="no file"),
    ],
)
def test_a_wrong_start_is_explained(arguments: list[str], words: str) -> None:
    """
    An operator that cannot run says why and what to do, and ends with an error.
    """
    result = CliRunner().invoke(main, ["run", *arguments])

    assert 0 != result.exit_code
    assert words in result.output
