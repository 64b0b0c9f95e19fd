"""Control planes start beside each other, mend, and leave nothing."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest

from tests.e2e.cluster.controlplane.api import path_of
from tests.e2e.cluster.controlplane.components import APISERVER
from tests.e2e.cluster.controlplane.errors import ComponentError
from tests.e2e.cluster.controlplane.options import BARE
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.cluster.controlplane.ports import is_free
from tests.e2e.cluster.controlplane.waiting import wait_until
from tests.e2e.controlplane.leftovers import alive, processes_of

_ROOT = Path(__file__).parents[3]
_SETTINGS = path_of("v1", "configmaps", "default")

_HOLDER = """
import dataclasses, json, sys
from tests.e2e.cluster.controlplane.plane import ControlPlane
with ControlPlane() as plane:
    facts = [str(plane.folder), plane.pids(), dataclasses.asdict(plane.ports)]
    print(json.dumps(facts), flush=True)
    sys.stdin.read()
"""
"""A program that holds a control plane until it is killed."""


@dataclass(frozen=True, slots=True)
class Traces:
    """Where to look for what a control plane left."""

    folder: Path
    pids: dict[str, int]
    ports: dict[str, int]

    def left(self) -> list[str]:
        """Name everything that is still there."""
        return [
            *(f"process {name}" for name, pid in self.pids.items() if alive(pid)),
            *(f"process {pid} with the folder" for pid in processes_of(self.folder)),
            *(f"port {name}" for name, port in self.ports.items() if not is_free(port)),
            *(["folder"] if self.folder.exists() else []),
        ]


@pytest.fixture
def holder() -> Iterator[tuple[subprocess.Popen[str], Traces]]:
    """Another process with a control plane, and the traces of that."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        folder, pids, ports = json.loads(process.stdout.readline())
        yield process, Traces(Path(folder), pids, ports)
        process.kill()


def test_two_control_planes_do_not_see_each_other(control_plane: ControlPlane) -> None:
    """
    What is made on one control plane does not exist on another one at the same time.
    """
    with ControlPlane(BARE) as other:
        other.api.create(_SETTINGS, {"metadata": {"name": "only-here"}})

        assert other.api.exists(f"{_SETTINGS}/only-here")
        assert not control_plane.api.exists(f"{_SETTINGS}/only-here")


def test_stop_leaves_nothing() -> None:
    """
    After the ``with`` block there is no process, no bound port and no file.
    """
    with ControlPlane() as plane:
        traces = Traces(plane.folder, plane.pids(), asdict(plane.ports))
        before = traces.left()

    assert [] == traces.left()
    assert {"folder", "process etcd", "process kwok", "port apiserver"} <= set(before)


def test_a_component_that_cannot_start_is_an_error_that_leaves_nothing() -> None:
    """
    A bad flag ends the start with the component's name and its words, and everything is undone.
    """
    plane = ControlPlane(replace(BARE, enable_admission=("NoSuchPlugin",)))

    with pytest.raises(ComponentError, match="NoSuchPlugin") as caught, plane:
        pass

    assert APISERVER == caught.value.component
    assert (False, set()) == (plane.folder.exists(), processes_of(plane.folder))


def test_nothing_is_left_when_the_owner_is_killed(
    holder: tuple[subprocess.Popen[str], Traces],
) -> None:
    """
    A test run that dies of SIGKILL leaves no process, no bound port and no file.
    """
    process, traces = holder
    assert traces.left()

    process.kill()

    wait_until(lambda: not traces.left(), "nothing left", within_seconds=15)


def test_a_killed_supervisor_takes_the_components_along(
    holder: tuple[subprocess.Popen[str], Traces],
) -> None:
    """
    Even SIGKILL of the supervisor leaves no process, and its folder goes with the next start.
    """
    process, traces = holder

    os.kill(traces.pids["supervisor"], signal.SIGKILL)
    process.kill()
    wait_until(lambda: traces.left() == ["folder"], "only the folder", within_seconds=15)
    with ControlPlane(BARE):
        assert [] == traces.left()


def test_a_restarted_api_server_has_its_port_and_its_data() -> None:
    """
    An API server that was killed and started again serves what it served, under the same URL.
    """
    with ControlPlane(BARE) as plane:
        plane.api.create(_SETTINGS, {"metadata": {"name": "kept"}})

        plane.stop_component(APISERVER)
        stopped = is_free(plane.ports.apiserver)
        plane.start_component(APISERVER)

        assert stopped
        assert plane.api.exists(f"{_SETTINGS}/kept")
