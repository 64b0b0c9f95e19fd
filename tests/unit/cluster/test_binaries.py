"""Go programs: built when their inputs changed, and only then."""

from pathlib import Path

import pytest

from tests.e2e.cluster import golang
from tests.e2e.cluster.binaries import (
    COMPONENTS,
    LOCALKUBE,
    PAUSE,
    Program,
    binary,
    kubernetes_version,
)
from tests.e2e.cluster.cache import Cache
from tests.e2e.cluster.errors import ClusterError
from tests.e2e.cluster.process import Command, Completed
from tests.unit.cluster.fake_runner import FakeRunner, give_go


def a_program(folder: Path, source: str = "package main") -> Program:
    (folder / "cmd").mkdir(parents=True)
    (folder / "go.mod").write_text("module m\n\ngo 1.25.0\n")
    (folder / "go.sum").write_text("")
    (folder / "cmd" / "main.go").write_text(source)
    return Program("tool", folder, "./cmd", ("alias",))


def entry(program: Program, cache: Cache, version: str = "go1.26.8") -> str:
    runner = FakeRunner()
    give_go(runner, version)
    return binary(program, runner, cache).parent.name


def test_a_program_is_built_once_with_its_links(tmp_path: Path) -> None:
    """
    The second call builds nothing, and the other names lead to the binary.
    """
    runner, cache = FakeRunner(), Cache(tmp_path / "cache")
    program = a_program(tmp_path / "m")
    give_go(runner)

    paths = [binary(program, runner, cache) for _ in range(2)]

    verbs = [command.argv[1] for command in runner.commands]
    assert ["env", "mod", "build", "env"] == verbs
    assert paths[0] == paths[1] == paths[0].with_name("alias").resolve()


def test_a_program_is_built_without_c_and_without_local_paths(tmp_path: Path) -> None:
    """
    The build asks for no C compiler and keeps this machine's folders out of the binary.
    """
    runner = FakeRunner()
    give_go(runner)

    binary(a_program(tmp_path / "m"), runner, Cache(tmp_path / "cache"))

    build = next(command for command in runner.commands if "build" in command.argv)
    assert ("CGO_ENABLED", "0") in build.env
    assert "-trimpath" in build.argv
    assert (tmp_path / "m", "./cmd") == (build.cwd, build.argv[-1])


def test_other_inputs_are_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Sources, pinned versions, Go's version and its flags each decide the entry.
    """
    cache = Cache(tmp_path / "cache")
    program, pinned = a_program(tmp_path / "1"), a_program(tmp_path / "2")
    (tmp_path / "2" / "go.sum").write_text("k8s.io/api v0.34.4 h1:x=\n")
    same = entry(program, cache)

    others = {
        entry(a_program(tmp_path / "3", "package main // changed"), cache),
        entry(pinned, cache),
        entry(program, cache, "go1.27.0"),
    }
    monkeypatch.setattr(golang, "FLAGS", ("-trimpath", "-race"))
    others.add(entry(program, cache))

    assert 4 == len(others - {same})


def test_the_same_inputs_elsewhere_are_the_same_program(tmp_path: Path) -> None:
    """
    Where the sources are does not matter: two checkouts share what they build.
    """
    cache = Cache(tmp_path / "cache")

    entries = {entry(a_program(tmp_path / checkout), cache) for checkout in ("1", "2")}

    assert 1 == len(entries)


def test_kubernetes_says_its_own_version() -> None:
    """
    The version of the pinned module is linked into Kubernetes, and into nothing else.
    """
    version = kubernetes_version()

    assert f"version.gitVersion={version}" in LOCALKUBE.ldflags
    assert f"version.gitMinor={version.split('.')[1]}" in LOCALKUBE.ldflags
    assert golang.STRIP == PAUSE.ldflags


def test_all_of_kubernetes_is_one_binary_with_many_names() -> None:
    """
    The tools that people and kind call are links of localkube.
    """
    assert {"kubectl", "kubeadm", "kubelet", "etcd"} <= set(COMPONENTS) == set(LOCALKUBE.links)


def test_without_go_the_way_out_is_named(tmp_path: Path) -> None:
    """
    A machine without Go is told which one to install.
    """
    runner = FakeRunner()

    def missing(command: Command) -> Completed:
        raise ClusterError(f"The program {command.argv[0]} is not installed.")

    runner.answer("go env", missing)

    with pytest.raises(ClusterError, match="Go is not installed") as failure:
        binary(a_program(tmp_path / "m"), runner, Cache(tmp_path / "cache"))

    assert "Install Go 1.25.0 or newer" in failure.value.hint


def test_a_failed_build_leaves_no_program_and_names_its_log(tmp_path: Path) -> None:
    """
    The compiler's log is in the hint, and the next call builds again.
    """
    runner, cache = FakeRunner(), Cache(tmp_path / "cache")
    runner.answer("go build", Completed(1))
    give_go(runner)

    with pytest.raises(ClusterError) as failure:
        binary(a_program(tmp_path / "m"), runner, cache)

    assert "tool.log" in failure.value.hint
    assert [] == list(cache.root.glob("tool-*"))


def test_a_module_without_the_line_that_is_read_is_named(tmp_path: Path) -> None:
    """
    A go.mod that lacks what we read from it is an error in words.
    """
    (tmp_path / "go.mod").write_text("module m\n")

    with pytest.raises(ClusterError, match=r"go\.mod has no line like"):
        golang.required_version(tmp_path)
