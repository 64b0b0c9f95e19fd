"""The operator's image: what is in it, and that it runs with nothing but itself."""

import json
import re
from datetime import UTC, datetime
from typing import Final

import pytest

from daskop import __version__
from tests.e2e.cluster.controlplane.api import has_condition
from tests.e2e.cluster.docker import Docker
from tests.e2e.cluster.images import OPERATOR_IMAGE, REPOSITORY
from tests.e2e.cluster.kind import Kind
from tests.e2e.cluster.operator import NAMESPACE
from tests.e2e.cluster.process import Completed
from tests.e2e.terminal import say

CONFINED: Final = (
    "--rm", "--read-only", "--user=65532", "--cap-drop=ALL", "--network=none",
    "--security-opt=no-new-privileges", "--volume=/dev/null:/bin/sh:ro",
)  # fmt: skip
"""Nothing can be written, nobody be asked, and there is no shell, whatever the base has."""

START_SECONDS: Final = 20.0
"""Far above the 1 s that it takes: others may use the machine."""

WRITABLE: Final = """
import os
for folder, folders, files in os.walk("/"):
    for path in (os.path.join(folder, name) for name in ("", *files)):
        if os.access(path, os.W_OK) and not os.path.islink(path):
            print(oct(os.stat(path).st_mode), path)
    if folder == "/":
        folders[:] = [name for name in folders if name not in ("dev", "proc", "sys")]
"""

PACKAGES: Final = """
from importlib.metadata import distributions
for found in distributions(path=["/opt/daskop"]):
    print(found.name, found.version)
"""


@pytest.fixture(scope="module")
def docker(kind_cluster: Kind) -> Docker:
    """The daemon that has the image."""
    return kind_cluster.docker


def python(docker: Docker, *arguments: str, options: tuple[str, ...] = CONFINED) -> str:
    """What the image's Python prints."""
    return docker.do("run", *options, "--entrypoint=python3", OPERATOR_IMAGE, *arguments)


def confined(docker: Docker, *arguments: str) -> Completed:
    """Run the operator with nothing but its image."""
    return docker.ask("run", *CONFINED, OPERATOR_IMAGE, *arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("version",), f"{__version__}\n"), (("--help",), "Usage:"), (("crds",), "DaskCluster")],
    ids=["version", "help", "crds"],
)
def test_commands_work_in_a_confined_container(
    docker: Docker, arguments: tuple[str, ...], said: str
) -> None:
    """
    Without a shell, rights, a network or a disk to write to it does what needs no cluster.
    """
    done = confined(docker, *arguments)

    assert (True, True) == (done.ok, said in done.output), done.output


def test_without_a_cluster_it_says_so(docker: Docker) -> None:
    """
    Run as it is it ends with 1, a sentence and a hint.
    """
    done = confined(docker)

    sentence, _ = done.output.splitlines()
    assert 1 == done.code
    assert sentence.startswith("daskop: no usable cluster configuration")


def test_it_says_what_it_is_and_is_not_root(docker: Docker) -> None:
    """
    The user is a number, as runAsNonRoot asks for, and the labels tell version and licence.
    """
    config = json.loads(docker.do("inspect", "--format={{json .Config}}", OPERATOR_IMAGE))
    labels = {name.rpartition(".")[2]: value for name, value in config["Labels"].items()}

    assert "65532:65532" == config["User"]
    assert ["python3", "-m", "daskop"] == config["Entrypoint"]
    assert (__version__, "BSD-3-Clause") == (labels["version"], labels["licenses"])


def test_its_user_may_change_nothing(docker: Docker) -> None:
    """
    Even on a disk that can be written to its user may write to nothing but folders like /tmp.
    """
    found = python(docker, "-c", WRITABLE, options=("--rm", "--network=none"))

    assert [] == [line for line in found.splitlines() if not line.startswith("0o41777 ")]


def test_the_packages_are_those_that_are_pinned(docker: Docker) -> None:
    """
    Beside daskop there is requirements/image.txt in exactly these versions, and nothing else.
    """
    pins = (REPOSITORY / "requirements" / "image.txt").read_text()
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)", pins, re.MULTILINE))
    lines = [line.split() for line in python(docker, "-c", PACKAGES).splitlines()]
    found = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in lines}

    assert pinned == found


def test_a_start_compiles_nothing(docker: Docker) -> None:
    """
    For all that is imported, Python's own library included, there is bytecode of today's sources.
    """
    printed = python(docker, "-v", "-m", "daskop", "version")

    read = re.findall(r"^# code object from '?([^'\n]+)", printed, re.MULTILINE)
    assert [] == [path for path in read if path.endswith(".py")]
    assert "/opt/daskop/daskop/__pycache__/cli.cpython-311.pyc" in read


def test_a_pod_starts_in_seconds(kind_cluster: Kind, request: pytest.FixtureRequest) -> None:
    """
    From the start of its container the operator needs seconds until it answers, and is ready.
    """
    select = ("--namespace", NAMESPACE, "get", "pods", "--selector=app.kubernetes.io/name=daskop")
    pods = json.loads(kind_cluster.do(*select, "--output=json"))["items"]
    pod = next(p for p in pods if has_condition(p, "Ready"))
    status, name = pod["status"], pod["metadata"]["name"]
    logged = kind_cluster.do("--namespace", NAMESPACE, "logs", name).splitlines()
    events = {entry["event"]: entry for entry in map(json.loads, logged[:10])}

    began = moment(status["containerStatuses"][0]["state"]["running"]["startedAt"])
    answers = (moment(events["started"]["timestamp"]) - began).total_seconds()
    (ready,) = (c["lastTransitionTime"] for c in status["conditions"] if c["type"] == "Ready")
    seconds = (moment(ready) - began).total_seconds()
    # Kubernetes cuts off fractions of seconds, and so the first figure is at most too large.
    say(request.config, f"operator: answers within {answers:.1f} s, ready after {seconds:.0f} s")

    assert answers < START_SECONDS
    assert seconds < START_SECONDS


def moment(text: str) -> datetime:
    """What Kubernetes or a log says of a time."""
    return datetime.fromisoformat(text).astimezone(UTC)
