"""What the machine has: disk, capabilities, Go, a registry."""

import os
import socket
from pathlib import Path

import pytest

from tests.e2e.cluster import golang, host
from tests.e2e.cluster.errors import ClusterError, CommandError
from tests.e2e.cluster.process import Completed
from tests.e2e.cluster.registry import registry_answers
from tests.e2e.cluster.retry import retried
from tests.unit.cluster.fake_runner import FakeRunner

GO_MOD = "module m\n\ngo 1.25.0\n\nrequire k8s.io/kubernetes v1.34.4\n"


def a_module(folder: Path) -> Path:
    (folder / "go.mod").write_text(GO_MOD)
    return folder


def test_a_full_disk_is_said_before_work_begins(tmp_path: Path) -> None:
    """
    The message has what is needed and what is free, for a folder that does not exist yet too.
    """
    with pytest.raises(ClusterError, match=r"12\.0 GiB are needed .* 1\.5 GiB are free"):
        host.check_disk(tmp_path / "new", 12 * host.GIB, int(1.5 * host.GIB))


@pytest.mark.parametrize(
    ("bounding", "lacks"), [("000001fffeffffff", True), ("000001ffffffffff", False)]
)
def test_the_bounding_set_is_read(tmp_path: Path, bounding: str, lacks: bool) -> None:
    """
    CAP_SYS_RESOURCE is bit 24 of the bounding set.
    """
    status = tmp_path / "status"
    status.write_text(f"Name:\tx\nCapBnd:\t{bounding}\n")

    assert lacks is host.lacks_sys_resource(status)


def test_a_machine_without_capabilities_to_read_lacks_none(tmp_path: Path) -> None:
    """
    Where there is no such file, or no such line, nothing is missing.
    """
    (tmp_path / "status").write_text("Name:\tx\n")

    assert not host.lacks_sys_resource(tmp_path / "none")
    assert not host.lacks_sys_resource(tmp_path / "status")


def test_the_distribution_is_read(tmp_path: Path) -> None:
    """
    Values come without their quotes; a machine without the file has none.
    """
    (tmp_path / "os-release").write_text('NAME="Debian GNU/Linux"\nID=debian\n\n# no pair\n')

    assert {"NAME": "Debian GNU/Linux", "ID": "debian"} == host.os_release(tmp_path / "os-release")
    assert {} == host.os_release(tmp_path / "none")


def test_system_programs_are_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The folders that are missing are put behind the user's own, and none twice.
    """
    monkeypatch.setenv("PATH", "/mine:/usr/sbin")

    host.reach_system_programs()
    host.reach_system_programs()

    assert "/mine:/usr/sbin:/usr/local/sbin:/sbin" == os.environ["PATH"]


def test_packages_are_installed_without_questions(tmp_path: Path) -> None:
    """
    The package lists are fetched first, and nobody is asked anything.
    """
    runner = FakeRunner()

    host.install(runner, ("socat", "iptables"), tmp_path / "log")

    update, install = runner.ran
    assert update.startswith("apt-get update")
    assert install.endswith("--no-install-recommends socat iptables")
    assert all(("DEBIAN_FRONTEND", "noninteractive") in command.env for command in runner.commands)


def test_a_go_that_fits_is_taken(tmp_path: Path) -> None:
    """
    Version and platform come from the user's own Go.
    """
    runner = FakeRunner()
    runner.answer("go env", Completed(0, "go1.26.8\nlinux\namd64\n"))

    found = golang.toolchain(runner, a_module(tmp_path))

    assert golang.Toolchain("go1.26.8", "linux/amd64") == found


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Completed(0, "go1.19.8\nlinux\namd64\n"), id="answers"),
        pytest.param(
            Completed(1, "go.mod requires go >= 1.25.0 (running go 1.22.1)"), id="refuses"
        ),
    ],
)
def test_an_old_go_is_named(tmp_path: Path, answer: Completed) -> None:
    """
    The message says what is needed and what is there, and the hint what to do.
    """
    runner = FakeRunner()
    runner.answer("go env", answer)

    with pytest.raises(ClusterError, match=r"1\.25\.0 is needed, this is go ?1") as failure:
        golang.toolchain(runner, a_module(tmp_path))

    assert "PATH" in failure.value.hint


def test_a_port_where_nothing_listens_is_no_registry() -> None:
    """
    The probe gives up at once where nobody answers.
    """
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))

        assert not registry_answers("127.0.0.1", taken.getsockname()[1])


def test_a_download_is_tried_three_times() -> None:
    """
    A command that the network broke is repeated after pauses, and its last error is raised.
    """
    tries, pauses = list[int](), list[float]()

    def attempt() -> None:
        tries.append(1)
        raise CommandError(("curl",), 7, "no route")

    with pytest.raises(CommandError):
        retried(attempt, pauses.append)

    assert (3, [2.0, 8.0]) == (len(tries), pauses)


def test_a_download_that_works_again_is_no_error() -> None:
    """
    The second attempt is the last if it succeeds.
    """
    failures, pauses = [CommandError(("curl",), 7, "no route")], list[float]()

    def attempt() -> str:
        if failures:
            raise failures.pop()
        return "here"

    assert ("here", [2.0]) == (retried(attempt, pauses.append), pauses)


def test_what_the_network_did_not_break_is_not_tried_again() -> None:
    """
    Only programs that failed are run again; an error of another kind is raised at once.
    """
    tries: list[int] = []

    def attempt() -> None:
        tries.append(1)
        raise ClusterError("The program curl is not installed.")

    with pytest.raises(ClusterError):
        retried(attempt, lambda _: None)

    assert [1] == tries
