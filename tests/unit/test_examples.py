"""The examples, as far as they can be judged without a cluster."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

EXAMPLES: Final = Path(__file__).parents[2] / "examples"

POD: Final = {
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINER: Final = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def podspecs(part: Any, name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each PodSpec below *part*, with the name of what it is for."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "spec" and "containers" in value:
                yield name, value
            else:
                yield from podspecs(value, key)


FOUND: Final = {
    f"{file.stem}, {name}": podspec
    for file in sorted(EXAMPLES.glob("*.yaml"))
    for name, podspec in podspecs(yaml.safe_load(file.read_text()))
}


def test_all_are_looked_at() -> None:
    """
    The three manifests have six PodSpecs between them.
    """
    assert 6 == len(FOUND)


@pytest.mark.parametrize("podspec", FOUND.values(), ids=FOUND)
def test_its_rights_are_the_least(podspec: dict[str, Any]) -> None:
    """
    It fulfils the level restricted, and has no token for the API server, which Dask never asks.
    """
    assert (POD, False) == (podspec["securityContext"], podspec["automountServiceAccountToken"])
    assert [CONTAINER] == [container["securityContext"] for container in podspec["containers"]]


@pytest.mark.parametrize(
    ("podspec", "port"),
    [
        pytest.param(podspec, 8788 if what.endswith("worker") else 8787, id=what)
        for what, podspec in FOUND.items()
        if not what.endswith("job")
    ],
)
def test_schedulers_and_workers_can_be_monitored(podspec: dict[str, Any], port: int) -> None:
    """
    The port of the metrics is fixed and has one name everywhere, by which Prometheus finds it.
    """
    (container,) = podspec["containers"]
    ports = {entry["name"]: entry["containerPort"] for entry in container["ports"]}

    assert port == ports["dashboard"]
    if port != 8787:  # which is Dask's own default for schedulers; a worker takes any that is free
        assert ["--dashboard-address", f":{port}"] == container["args"][-2:]
