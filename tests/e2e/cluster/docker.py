"""The Docker client, aimed at one daemon."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.cluster.process import Command, Completed, Runner, checked
from tests.e2e.cluster.retry import retried


class Docker:
    """
    A daemon and its images and containers.

    Args:
        runner: Runs the client.
        host: Address of the daemon; None for the user's own choice.
    """

    def __init__(self, runner: Runner, host: str | None = None) -> None:
        self.runner = runner
        self.host = host

    @property
    def env(self) -> tuple[tuple[str, str], ...]:
        """Give the environment that the client, and kind through it, needs."""
        # A client that is newer than its daemon may have no BuildKit; both have the old builder.
        env = (("DOCKER_BUILDKIT", "0"),)
        return env if self.host is None else (*env, ("DOCKER_HOST", self.host))

    def ask(self, *arguments: str) -> Completed:
        """Run the client, whatever comes of it."""
        return self.runner.run(Command(("docker", *arguments), env=self.env))

    def do(self, *arguments: str, log: Path | None = None, stdin: str | None = None) -> str:
        """Run the client; an error is raised."""
        command = Command(("docker", *arguments), env=self.env, log=log, stdin=stdin)
        return checked(self.runner, command)

    def clean(self, *arguments: str) -> None:
        """Run the client to clean up, even after a stop; errors do not matter."""
        self.runner.run(Command(("docker", *arguments), env=self.env, cleanup=True))

    def answers(self) -> bool:
        """Whether the daemon is there."""
        return self.ask("info", "--format", "{{.ServerVersion}}").ok

    def has_image(self, image: str) -> bool:
        """Whether the daemon holds *image*."""
        return self.ask("image", "inspect", "--format", "{{.Id}}", image).ok

    def pull(self, image: str, log: Path) -> None:
        """Fetch *image*, trying again if the network fails."""
        if not self.has_image(image):
            retried(lambda: self.do("pull", "--quiet", image, log=log))

    def build(
        self,
        context: Path,
        image: str,
        log: Path,
        arguments: Mapping[str, str] | None = None,
        target: str | None = None,
    ) -> None:
        """Build *image* from the Dockerfile in *context*, without a network."""
        flags = [f"--build-arg={name}={value}" for name, value in (arguments or {}).items()]
        if target is not None:
            flags.append(f"--target={target}")
        # --force-rm: a build that fails or is interrupted leaves no container
        self.do("build", "--force-rm", "--tag", image, *flags, str(context), log=log)

    @contextmanager
    def container(self, name: str, image: str, *options: str) -> Iterator[str]:
        """Run a container that does nothing, to work in it; it is removed whatever happens."""
        self.clean("rm", "--force", name)
        try:
            self.do("run", "--detach", "--name", name, "--entrypoint=sleep", *options, image, "inf")
            yield name
        finally:
            self.clean("rm", "--force", name)
