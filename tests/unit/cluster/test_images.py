"""Images: named after their inputs, and built only if no daemon has that name."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.cluster import debian, host, images
from tests.e2e.cluster.cache import Cache
from tests.e2e.cluster.debian import NODE, RootFileSystem, provide_tools, root_file_system
from tests.e2e.cluster.docker import Docker
from tests.e2e.cluster.errors import ClusterError
from tests.e2e.cluster.images import DASK_IMAGE, OPERATOR_IMAGE, dask_image, operator_image
from tests.e2e.cluster.node_image import PUBLIC_NODE, node_image
from tests.e2e.cluster.process import Command, Completed
from tests.e2e.cluster.wheels import wheels
from tests.e2e.cluster.workshop import Workshop
from tests.unit.cluster.fake_runner import FakeRunner, give_go


@pytest.fixture
def runner() -> FakeRunner:
    """A Docker daemon that has every image, unless a test says otherwise."""
    return FakeRunner()


@pytest.fixture
def shop(runner: FakeRunner, tmp_path: Path) -> Workshop:
    """A workshop with a network."""
    return Workshop(Docker(runner), runner, Cache(tmp_path), public=True)


@pytest.fixture
def offline(runner: FakeRunner, tmp_path: Path) -> Workshop:
    """A workshop that no registry answers."""
    return Workshop(Docker(runner), runner, Cache(tmp_path), public=False)


def lacks(runner: FakeRunner, image: str) -> None:
    runner.answer(f"image inspect --format {{{{.Id}}}} {image}", Completed(1))


def verbs(runner: FakeRunner) -> list[str]:
    """What the Docker client was told to do, but for questions."""
    told = [command.argv[1] for command in runner.commands if "docker" == command.argv[0]]
    return [verb for verb in told if verb not in {"image", "info"}]


def test_a_build_is_given_its_arguments(runner: FakeRunner, tmp_path: Path) -> None:
    """
    Tag, build arguments and target reach the daemon, whose address is in the environment.
    """
    docker = Docker(runner, "unix:///d.sock")

    docker.build(tmp_path, "i:1", tmp_path / "log", {"BASE": "b"}, "t")

    words = "docker build --force-rm --tag i:1 --build-arg=BASE=b --target=t"
    assert [f"{words} {tmp_path}"] == runner.ran
    assert ("DOCKER_HOST", "unix:///d.sock") in runner.commands[0].env
    assert tmp_path / "log" == runner.commands[0].log


def test_the_users_daemon_keeps_its_address(runner: FakeRunner) -> None:
    """
    Without an address of ours the client goes where the user's own settings say.
    """
    assert "DOCKER_HOST" not in dict(Docker(runner).env)


def test_a_container_begins_without_its_predecessor(runner: FakeRunner) -> None:
    """
    What is left under the name goes first, and both removals work after a stop too.
    """
    with Docker(runner).container("x", "image", "--privileged") as name:
        assert "x" == name

    assert ["rm", "run", "rm"] == verbs(runner)
    assert [True, False, True] == [command.cleanup for command in runner.commands]
    assert runner.ran[1].endswith("--entrypoint=sleep --privileged image inf")


def test_an_image_is_pulled_if_it_is_missing(runner: FakeRunner, shop: Workshop) -> None:
    """
    What the daemon has is not asked for again.
    """
    lacks(runner, "new:1")

    assert ["new:1", "old:1"] == [shop.pulled(image) for image in ("new:1", "old:1")]

    assert ["docker pull --quiet new:1"] == [line for line in runner.ran if " pull " in line]


@pytest.mark.parametrize(
    ("build", "name"), [(dask_image, DASK_IMAGE), (operator_image, OPERATOR_IMAGE)]
)
def test_an_image_of_these_inputs_is_not_built_again(
    runner: FakeRunner, shop: Workshop, build: Callable[[Workshop], str], name: str
) -> None:
    """
    If a daemon holds the image of the inputs as they are, it only gets its name.
    """
    assert name == build(shop)

    assert ["tag"] == verbs(runner)


def test_the_operators_image_is_built_from_the_sources(runner: FakeRunner, shop: Workshop) -> None:
    """
    The build sees the package and nothing of the repository besides what it names.
    """
    seen: set[str] = set()

    def build(command: Command) -> Completed:
        context = Path(command.argv[-1])
        seen.update(str(path.relative_to(context)) for path in context.rglob("*"))
        return Completed(0)

    lacks(runner, "daskop.local/operator:")
    runner.answer("docker build", build)

    operator_image(shop)

    assert {"Dockerfile", "LICENSE", "requirements/image.txt", "src/daskop/cli.py"} <= seen
    assert not [path for path in seen if path.startswith(("tests", "wheels"))]
    assert ["build", "tag"] == verbs(runner)
    assert "--build-arg=BASE=python:3.11-slim" in "\n".join(runner.ran)
    assert "--build-arg=RUNTIME=python:3.11-slim" in "\n".join(runner.ran)
    assert [] == list(shop.cache.root.glob("context-*"))


def test_offline_the_wheels_come_with_the_build(runner: FakeRunner, offline: Workshop) -> None:
    """
    Without a registry the packages are fetched before, and pip is told to look nowhere else.
    """
    seen: list[str] = []

    def download(command: Command) -> Completed:
        (Path(command.argv[-1]) / "dask.whl").write_text("")
        return Completed(0)

    def build(command: Command) -> Completed:
        seen.extend(path.name for path in (Path(command.argv[-1]) / "wheels").iterdir())
        return Completed(0)

    lacks(runner, "daskop.local/dask:")
    runner.answer("pip download", download)
    runner.answer("docker build", build)

    dask_image(offline)

    assert ["dask.whl"] == seen
    assert f"--build-arg=PIP_OPTIONS={images.OFFLINE}" in "\n".join(runner.ran)


def test_online_and_offline_images_do_not_share_a_name(
    shop: Workshop, offline: Workshop, runner: FakeRunner
) -> None:
    """
    The same sources on another base are another image.
    """
    dask_image(shop)
    dask_image(offline)

    keyed = [line.split()[2] for line in runner.ran if line.startswith("docker tag")]
    assert 2 == len(set(keyed))


def test_an_image_that_another_process_built_is_not_built_twice(
    runner: FakeRunner, shop: Workshop
) -> None:
    """
    Whoever waited for the lock looks again before it builds.
    """
    answers = iter([Completed(1), Completed(0)])
    runner.answer("image inspect --format {{.Id}} i:1", lambda _: next(answers))

    with shop.missing("i:1") as missing:
        assert not missing


def test_online_the_node_is_the_public_one(runner: FakeRunner, shop: Workshop) -> None:
    """
    With a registry no node is built.
    """
    lacks(runner, PUBLIC_NODE)

    assert PUBLIC_NODE == node_image(shop)
    assert ["pull"] == verbs(runner)


def test_a_node_of_our_own_is_built_once(runner: FakeRunner, offline: Workshop) -> None:
    """
    A node of these inputs that the daemon holds is taken as it is.
    """
    give_go(runner)

    assert node_image(offline) == node_image(offline)
    assert [] == verbs(runner)


def test_a_root_file_system_is_made_once_and_imported(
    runner: FakeRunner, offline: Workshop
) -> None:
    """
    Debian's packages become a tar file in the cache, and that an image.
    """
    lacks(runner, "daskop.local/rootfs-node")

    names = {offline.imported(NODE) for _ in range(2)}

    assert {f"daskop.local/rootfs-node:{NODE.key}"} == names
    made = [line for line in runner.ran if line.startswith("mmdebstrap")]
    assert 1 == len(made)
    assert made[0].startswith("mmdebstrap --variant=minbase --include=bash,")
    assert debian.SUITE == made[0].split()[-2]
    assert ["import", "import"] == verbs(runner)


def test_another_definition_is_another_root_file_system() -> None:
    """
    Variant and packages decide the key.
    """
    same = RootFileSystem("x", "minbase", ("bash",))

    assert same.key == RootFileSystem("y", "minbase", ("bash",)).key
    others = {
        RootFileSystem("x", "extract", ("bash",)).key,
        RootFileSystem("x", "minbase", ("bash", "jq")).key,
    }
    assert 2 == len(others - {same.key})


def test_what_makes_root_file_systems_needs_root(
    runner: FakeRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    An ordinary user without mmdebstrap is told why it is needed.
    """
    runner.answer("command -v mmdebstrap", Completed(1))
    monkeypatch.setattr(host, "is_root", lambda: False)

    with pytest.raises(ClusterError, match="No container registry answers") as failure:
        provide_tools(runner, Cache(tmp_path))

    assert "network" in failure.value.hint
    assert 1 == len(runner.ran)


def test_a_root_file_system_is_remade_after_a_change(runner: FakeRunner, tmp_path: Path) -> None:
    """
    A package more is a new file beside the old one.
    """
    cache = Cache(tmp_path)
    definitions = [RootFileSystem("x", "minbase", names) for names in (("jq",), ("jq", "curl"))]

    tars = {root_file_system(definition, runner, cache) for definition in definitions}

    assert (2, 2) == (len(tars), len(runner.ran))


def test_wheels_are_checked_and_fetched_once_for_each_list(
    runner: FakeRunner, tmp_path: Path
) -> None:
    """
    The hashes of the list are required, no source is built, and a new list is a new folder.
    """
    cache, pinned = Cache(tmp_path / "cache"), tmp_path / "pinned.txt"
    folders = set()
    for text in ("dask==1", "dask==1", "dask==2"):
        pinned.write_text(text)
        folders.add(wheels("dask", pinned, "x86_64", runner, cache))
    folders.add(wheels("dask", pinned, "aarch64", runner, cache))

    assert (3, 3) == (len(folders), len(runner.ran))
    assert "pip download --require-hashes --only-binary=:all:" in runner.ran[0]
    assert "--platform=manylinux2014_aarch64" in runner.ran[2]
