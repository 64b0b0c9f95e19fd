"""What every build of an image needs: programs, bases, and a folder to collect inputs in."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.cluster import debian
from tests.e2e.cluster.binaries import Program, binary
from tests.e2e.cluster.cache import Cache
from tests.e2e.cluster.docker import Docker
from tests.e2e.cluster.process import Runner

LOCAL = "daskop.local"
"""Where the names of images that never leave this machine begin."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """
    A daemon to build in, and the cache to build from.

    Attributes:
        public: Whether a registry answers: then bases are pulled, and builds have a network.
    """

    docker: Docker
    runner: Runner
    cache: Cache
    public: bool

    def program(self, program: Program) -> Path:
        """Return the path of one of our programs, built if need be."""
        return binary(program, self.runner, self.cache)

    def pulled(self, image: str) -> str:
        """Return *image*, which the daemon then has."""
        self.docker.pull(image, self.cache.log("pull"))
        return image

    def imported(self, what: debian.RootFileSystem) -> str:
        """Return the image of a root file system."""
        name = f"{LOCAL}/rootfs-{what.name}:{what.key}"
        with self.missing(name) as missing:
            if missing:
                tar = debian.root_file_system(what, self.runner, self.cache)
                self.docker.do("import", str(tar), name, log=self.cache.log(f"import-{what.name}"))
        return name

    @contextmanager
    def missing(self, image: str) -> Iterator[bool]:
        """Say whether *image* is missing; until the end no other process builds it."""
        if self.docker.has_image(image):
            yield False
            return
        with self.cache.lock(image.replace("/", "-").replace(":", "-")):
            yield not self.docker.has_image(image)  # another process may have been first

    @contextmanager
    def context(self, *programs: Program) -> Iterator[Path]:
        """Give a folder with *programs* in it; it is removed whatever happens."""
        with tempfile.TemporaryDirectory(prefix="context-", dir=self.cache.root) as folder:
            for program in programs:
                shutil.copy(self.program(program), Path(folder) / program.name)
            yield Path(folder)

    def build(
        self, context: Path, image: str, arguments: Mapping[str, str], target: str | None = None
    ) -> None:
        """Build *image*; its log is named after it."""
        log = self.cache.log("image-" + image.split(":", maxsplit=1)[0].rpartition("/")[2])
        self.docker.build(context, image, log, arguments, target)
