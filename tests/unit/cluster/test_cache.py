"""The build cache: whole entries or none, made once."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.e2e.cluster.cache import PARTIAL, Cache, cache_root, content_key
from tests.e2e.cluster.images import REPOSITORY

BOUND_SECONDS = 8.0


def files(folder: Path, **contents: str) -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = [folder / name for name in contents]
    for path, text in zip(paths, contents.values(), strict=True):
        path.write_text(text)
    return paths


def test_a_key_is_a_function_of_contents_names_and_facts(tmp_path: Path) -> None:
    """
    The order of files does not matter; what is in them, their names and the facts do.
    """
    first = files(tmp_path / "1", a="x", b="y")
    same = content_key(first, "go1.26")

    assert same == content_key(reversed(first), "go1.26")
    others = {
        content_key(files(tmp_path / "2", a="x", b="z"), "go1.26"),
        content_key(files(tmp_path / "3", a="x", c="y"), "go1.26"),
        content_key(files(tmp_path / "4", a="xy", b=""), "go1.26"),
        content_key(first, "go1.27"),
        content_key(first, "go1", ".26"),
    }
    assert 5 == len(others - {same})


def test_an_entry_is_made_once(tmp_path: Path) -> None:
    """
    The second call finds what the first one made.
    """
    cache, made = Cache(tmp_path), list[Path]()

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "file").write_text("whole")

    paths = {cache.entry("thing", "1", make) for _ in range(2)}

    assert ({tmp_path / "thing-1"}, 1) == (paths, len(made))
    assert "whole" == (tmp_path / "thing-1" / "file").read_text()


def test_nothing_is_left_of_an_entry_that_failed(tmp_path: Path) -> None:
    """
    A maker that breaks off leaves no entry and no half of one.
    """

    def make(folder: Path) -> None:
        (folder / "half").write_text("")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        Cache(tmp_path).entry("thing", "1", make)

    assert [] == list(tmp_path.glob("thing*"))


def test_half_written_entries_are_swept(tmp_path: Path) -> None:
    """
    What a dead process left is removed, and never taken for an entry.
    """
    (tmp_path / f"thing-1{PARTIAL}abc").mkdir()

    swept = Cache(tmp_path).sweep()

    assert ([f"thing-1{PARTIAL}abc"], []) == (swept, list(tmp_path.glob("thing*")))


def test_an_entry_under_way_is_not_swept_and_the_second_waits(tmp_path: Path) -> None:
    """
    While one maker works, a sweep leaves it alone and another caller says that it waits.
    """
    begun, go_on, waits = threading.Event(), threading.Event(), threading.Event()
    makers: list[str] = []

    def slow(_folder: Path) -> None:
        makers.append("first")
        begun.set()
        assert go_on.wait(BOUND_SECONDS)

    first = threading.Thread(target=lambda: Cache(tmp_path).entry("thing", "1", slow))
    first.start()
    assert begun.wait(BOUND_SECONDS)
    other = Cache(tmp_path, say=lambda _: waits.set())
    second = threading.Thread(
        target=lambda: other.entry("thing", "1", lambda _: makers.append("second"))
    )
    second.start()
    try:
        assert waits.wait(BOUND_SECONDS)
        assert [] == Cache(tmp_path).sweep()
    finally:
        go_on.set()
        first.join()
        second.join()

    assert ["first"] == makers


def test_the_cache_is_where_xdg_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    XDG_CACHE_HOME moves the cache; without it, it is below the home folder.
    """
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    moved = cache_root()
    monkeypatch.delenv("XDG_CACHE_HOME")

    assert Path("/somewhere/daskop") == moved
    assert Path.home() / ".cache" / "daskop" == cache_root()


def test_a_log_of_the_cache_starts_empty(tmp_path: Path) -> None:
    """
    What an earlier run wrote is not taken for this one's.
    """
    cache = Cache(tmp_path)
    cache.log("step").write_text("old")

    assert not cache.log("step").read_text()


def test_a_half_written_entry_is_not_used_and_goes(tmp_path: Path) -> None:
    """
    What a dead maker left is no entry; the next maker begins from an empty folder.
    """
    half = tmp_path / f"thing-1{PARTIAL}abc"
    half.mkdir()
    (half / "half").touch()
    seen: list[list[Path]] = []

    path = Cache(tmp_path).entry("thing", "1", lambda folder: seen.append(list(folder.iterdir())))

    assert ([[]], []) == (seen, list(path.iterdir()))
    assert [path] == list(tmp_path.glob("thing*"))


def test_an_entry_can_be_read_by_others(tmp_path: Path) -> None:
    """
    Docker and the node may be other users than the one who built.
    """
    path = Cache(tmp_path).entry("thing", "1", lambda _: None)

    assert 0o755 == path.stat().st_mode & 0o777


MAKER = """\
import pathlib, sys
from tests.e2e.cluster.cache import Cache

def make(folder):
    (folder / "half").touch()
    print("begun", flush=True)
    sys.stdin.read()

Cache(pathlib.Path(sys.argv[1])).entry("thing", "1", make)
"""


def test_a_maker_in_another_process_is_left_alone_until_it_dies(tmp_path: Path) -> None:
    """
    The half of a living process stays; when it is killed its lock is free and its half is swept.
    """
    with subprocess.Popen(
        [sys.executable, "-c", MAKER, str(tmp_path)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as maker:
        assert maker.stdout is not None
        assert b"begun\n" == maker.stdout.readline()
        while_alive = Cache(tmp_path).sweep()
        maker.kill()

    assert ([], 1) == (while_alive, len(Cache(tmp_path).sweep()))
    assert tmp_path / "thing-1" == Cache(tmp_path).entry("thing", "1", lambda _: None)
