"""What happens when a start does not go well."""

import socket
from pathlib import Path

import pytest

from tests.e2e.cluster.controlplane.errors import ComponentError, ControlPlaneError, PortTakenError
from tests.e2e.cluster.controlplane.ports import Ports, free_ports, is_free
from tests.e2e.cluster.controlplane.startup import (
    check_disk,
    component_error,
    log_tail,
    with_free_ports,
)


class Launch:
    """A launch that finds a port taken the first *failures* times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.tried: list[Ports] = []
        self.cleared = 0

    def __call__(self, ports: Ports) -> str:
        self.tried.append(ports)
        if len(self.tried) <= self.failures:
            raise PortTakenError("etcd", "ended", "bind: address already in use")
        return "launched"

    def clear(self) -> None:
        self.cleared += 1


def test_a_taken_port_is_answered_with_other_ports() -> None:
    """
    A launch that lost a port is cleared away and repeated with new ports.
    """
    launch = Launch(failures=2)

    assert "launched" == with_free_ports(launch, launch.clear)
    assert (3, 2) == (len(set(launch.tried)), launch.cleared)


def test_ports_are_not_tried_for_ever() -> None:
    """
    If the ports are always taken, the fifth attempt is the last.
    """
    launch = Launch(failures=100)

    with pytest.raises(PortTakenError):
        with_free_ports(launch, launch.clear)
    assert 5 == len(launch.tried)


def test_free_ports_are_different_and_outside_the_ephemeral_range() -> None:
    """
    No outgoing connection can take a chosen port: they are given 32768 and above.
    """
    ports = free_ports(20)

    assert 20 == len(set(ports))
    assert max(ports) < 30_000


def test_a_listening_port_is_not_free() -> None:
    """
    A port somebody listens on is not free, and is again afterwards.
    """
    (port,) = free_ports(1)
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)
    assert is_free(port)


def test_a_disk_that_is_nearly_full_is_told_before_anything_is_written(tmp_path: Path) -> None:
    """
    The message names the folder and both sizes, and the hint says where else to go.
    """
    with pytest.raises(ControlPlaneError, match=str(tmp_path)) as caught:
        check_disk(tmp_path, needed_bytes=10**18)

    assert "needs 1000000000000 MB" in str(caught.value)
    assert "TMPDIR" in caught.value.hint


def test_a_dead_component_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    """
    The error of a component that ended has its name, its end and its last log lines.
    """
    (tmp_path / "etcd.log").write_text("".join(f"line {n}\n" for n in range(100)))

    error = component_error(tmp_path, "etcd", "ended with exit code 1")

    assert str(error).startswith("etcd ended with exit code 1")
    assert str(error).endswith("line 98\nline 99")
    assert "line 80" not in str(error)


@pytest.mark.parametrize(
    ("log", "kind"),
    [
        pytest.param("bind: address already in use\n", PortTakenError, id="port"),
        pytest.param("unknown flag: --nonsense\n", ComponentError, id="other"),
    ],
)
def test_a_taken_port_is_told_from_other_reasons(
    tmp_path: Path, log: str, kind: type[ComponentError]
) -> None:
    """
    Only a log that says so makes a taken port out of a dead component.
    """
    (tmp_path / "etcd.log").write_text(log)

    assert kind is type(component_error(tmp_path, "etcd", "ended"))


def test_a_missing_log_has_no_lines(tmp_path: Path) -> None:
    """
    A component that never started has no log, which is no second error.
    """
    assert "" == log_tail(tmp_path / "none.log")
