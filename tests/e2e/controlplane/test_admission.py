"""What the API server itself takes and refuses of our kinds, and its whole message."""

from typing import Any, Final

import pytest
import yaml

from tests.e2e.cluster.controlplane.api import Json
from tests.e2e.cluster.controlplane.errors import ApiError
from tests.e2e.controlplane.dask import Dask
from tests.e2e.controlplane.kubectl import seed

CLUSTER: Final = "cluster.yaml"
GROUP: Final = "highmemworkers.yaml"
JOB: Final = "job.yaml"
HIGHMEM: Final = "simple-cluster-highmem-worker-group"

pytestmark = pytest.mark.usefixtures("custom_resources")


def sent(dask: Dask, manifest: Json) -> Json:
    """What the API server would store."""
    path = dask.path(f"{manifest['kind'].lower()}s")
    answer: Json = dask.api.request("POST", path, manifest, params={"dryRun": "All"})
    return answer


def changed(file: str, field: str, value: Any) -> Json:
    """A manifest of the seed's with one field set, or taken out by None."""
    manifest: Json = yaml.safe_load(seed(file))
    *path, last = field.split(".")
    place = manifest
    for step in path:
        place = place[step]
    place[last] = value
    if value is None:
        del place[last]
    return manifest


WORKERS: Final = (
    ("cluster.yaml", "spec.worker"),
    ("highmemworkers.yaml", "spec.worker"),
    ("job.yaml", "spec.cluster.spec.worker"),
)


@pytest.mark.parametrize(("file", "workers"), WORKERS)
def test_one_worker_unless_told_otherwise(dask: Dask, file: str, workers: str) -> None:
    """
    The API server stores one worker where the user gives no number.
    """
    stored = sent(dask, changed(file, f"{workers}.replicas", None))

    for step in workers.split("."):
        stored = stored[step]
    assert 1 == stored["replicas"]


@pytest.mark.parametrize(
    ("file", "field", "value"),
    [
        ("cluster.yaml", "metadata.name", "c" * 42),
        ("highmemworkers.yaml", "metadata.name", "g" * 63),
        ("job.yaml", "metadata.name", "j" * 34),
        *((file, f"{workers}.replicas", n) for file, workers in WORKERS for n in (0, 10_000)),
    ],
)
def test_at_the_limit(dask: Dask, file: str, field: str, value: Any) -> None:
    """
    The longest names and the smallest and the greatest numbers are taken, as they are.
    """
    stored = sent(dask, changed(file, field, value))

    for step in field.split("."):
        stored = stored[step]
    assert value == stored


LONG: Final = (
    'metadata.name: Invalid value: "object": the name is too long: a {}\'s name may have at most {} characters, '
    "so that the names derived from it are legal"
)
LETTERS: Final = (
    'metadata.name: Invalid value: "object": the name must be lower-case letters, digits and dashes, start with a '
    "letter and not end with a dash, so that a Service can be named after it"
)
NOT_DNS: Final = (
    'metadata.name: Invalid value: "{}": a lowercase RFC 1123 subdomain must consist of lower case '
    "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
UNCHECKED: Final = (
    "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)
STAYS: Final = (
    'spec.cluster: Invalid value: "string": the cluster of a worker group cannot be changed: '
    "delete the group, and apply it anew"
)


def refusal(manifest: Json, *causes: str) -> str:
    """The API server's answer, with all that is wrong."""
    subject = f'{manifest["kind"]}.kubernetes.dask.org "{manifest["metadata"]["name"]}"'
    told = causes[0] if len(causes) == 1 else f"[{', '.join(causes)}]"
    return f"422 Invalid: {subject} is invalid: {told}"


def required(field: str) -> tuple[str, str]:
    return f"{field}: Required value", UNCHECKED


def too_few(field: str) -> tuple[str]:
    return (f"{field}: Invalid value: 0: {field} in body should have at least 1 items",)


NAMES: Final = [
    (CLUSTER, "c" * 43, (LONG.format("DaskCluster", 42),)),
    (GROUP, "g" * 64, (LONG.format("DaskWorkerGroup", 63),)),
    (JOB, "j" * 35, (LONG.format("DaskJob", 34),)),
    *((file, name, (LETTERS,)) for file in (CLUSTER, JOB) for name in ("1st", "a.b")),
    *(
        (file, name, (NOT_DNS.format(name), LETTERS))
        for file in (CLUSTER, JOB)
        for name in ("Upper", "dash-")
    ),
    (GROUP, "Upper", (NOT_DNS.format("Upper"),)),
]


@pytest.mark.parametrize(("file", "name", "causes"), NAMES)
def test_a_name_is_refused(dask: Dask, file: str, name: str, causes: tuple[str, ...]) -> None:
    """
    A name that is too long, or no Service can be named after, is refused with the reason.
    """
    assert_refused(dask, changed(file, "metadata.name", name), *causes)


def assert_refused(dask: Dask, manifest: Json, *causes: str) -> None:
    with pytest.raises(ApiError) as refused:
        sent(dask, manifest)
    assert refusal(manifest, *causes) == str(refused.value)


@pytest.mark.parametrize(("file", "workers"), WORKERS)
@pytest.mark.parametrize("value", [-1, 10_001, 1_000_000_000, "3"])
def test_a_number_is_refused(dask: Dask, file: str, workers: str, value: object) -> None:
    """
    A number of workers out of bounds, or that is none, is refused with the bound or the type.
    """
    field = f"{workers}.replicas"
    # Where kubectl scale works, the API server looks at the number once more.
    scalable = file != JOB
    again = (f".{field}: Invalid value: -1: should be a non-negative integer",) * scalable
    no_number = (
        f".{field}: Invalid value: 0: .{field} accessor error: 3 is of the type string, expected int64",
    ) * scalable
    body = f"{field} in body"
    causes = {
        -1: (f"{field}: Invalid value: -1: {body} should be greater than or equal to 0", *again),
        "3": (
            f'{field}: Invalid value: "string": {body} must be of type integer: "string"',
            *no_number,
            UNCHECKED,
        ),
    }
    above = (f"{field}: Invalid value: {value}: {body} should be less than or equal to 10000",)

    assert_refused(dask, changed(file, field, value), *causes.get(value, above))


ALWAYS: Final = 'spec.job.spec.restartPolicy: Unsupported value: "Always": supported values: "OnFailure", "Never"'
FIELDS: Final = [
    *((file, "spec", None, required("spec")) for file in (CLUSTER, GROUP, JOB)),
    (GROUP, "spec.cluster", None, required("spec.cluster")),
    (
        JOB,
        "spec.job.spec.restartPolicy",
        "Always",
        (
            ALWAYS,
            UNCHECKED,
        ),
    ),
]

PODSPECS: Final = [
    (CLUSTER, "spec.worker.spec"),
    (CLUSTER, "spec.scheduler.spec"),
    (GROUP, "spec.worker.spec"),
    (JOB, "spec.job.spec"),
    (JOB, "spec.cluster.spec.worker.spec"),
    (JOB, "spec.cluster.spec.scheduler.spec"),
]
"""All that there are."""


@pytest.mark.parametrize(
    ("file", "field", "value", "causes"),
    [
        *FIELDS,
        *((file, path, None, required(path)) for file, path in PODSPECS),
        *((file, f"{p}.containers", None, required(f"{p}.containers")) for file, p in PODSPECS),
        *((file, f"{p}.containers", [], too_few(f"{p}.containers")) for file, p in PODSPECS),
    ],
)
def test_a_field_is_refused(
    dask: Dask, file: str, field: str, value: Any, causes: tuple[str, ...]
) -> None:
    """
    A field that is missing, empty or of a wrong value is refused, and named by its whole path.
    """
    assert_refused(dask, changed(file, field, value), *causes)


def test_a_group_stays_with_its_cluster(dask: Dask) -> None:
    """
    A change of a group's cluster is refused with what to do instead.
    """
    dask.create(changed(GROUP, "spec.cluster", "one"))

    with pytest.raises(ApiError) as refused:
        dask.api.patch(dask.path("daskworkergroups", HIGHMEM), {"spec": {"cluster": "another"}})

    assert refusal(changed(GROUP, "spec.cluster", "another"), STAYS) == str(refused.value)
