"""
A Docker daemon to work with: the one that answers, else one of our own.

A daemon that someone else runs is used as it is. Ours has its own socket, data and pid file; it is
started under a shared lock that every user of it holds, and the last one stops it if no cluster
of ours runs.
"""

import fcntl
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.e2e.cluster import host
from tests.e2e.cluster.binaries import BUILD
from tests.e2e.cluster.cache import Cache
from tests.e2e.cluster.docker import Docker
from tests.e2e.cluster.errors import ClusterError
from tests.e2e.cluster.process import Command, Runner
from tests.e2e.cluster.progress import Reporter

RUN = Path("/run/daskop")
SOCKET = RUN / "docker.sock"
PIDFILE = RUN / "docker.pid"
WRAPPER = RUN / "runc-within-bounds"
RUNTIME = "within-bounds"

PACKAGES = ("docker.io", "iptables", "nftables", "iproute2", "conntrack", "ethtool", "socat")

START_SECONDS = 60.0
STOP_SECONDS = 30.0
KIND_LABEL = "io.x-k8s.kind.cluster"


class Daemon:
    """Finds or starts the daemon, and stops what it started."""

    def __init__(self, runner: Runner, cache: Cache, reporter: Reporter) -> None:
        self._runner = runner
        self._cache = cache
        self._reporter = reporter
        self._pause = threading.Event().wait

    @contextmanager
    def docker(self, *, start: bool = True) -> Iterator[Docker | None]:
        """
        Give a client of a daemon that answers; without *start*, None if there is none.

        Raises:
            ClusterError: If none answers and we may not start one.
        """
        found = Docker(self._runner)
        if self._client_there() and found.answers():
            yield found
            return
        ours = Docker(self._runner, f"unix://{SOCKET}")
        with self._used():
            if not (self._client_there() and ours.answers()):
                if not start:
                    yield None
                    return
                installed = self._provide(found)
                if installed:
                    yield found
                    return
            try:
                yield ours
            finally:
                self._stop_after_last_use(ours)

    def _client_there(self) -> bool:
        return shutil.which("docker") is not None

    def _provide(self, found: Docker) -> bool:
        """Install and start Docker; whether the system's own daemon answers after that."""
        if not (host.is_root() and host.has_apt()):
            raise ClusterError(
                "No Docker daemon answers, and only root on Debian or Ubuntu can be given one.",
                "Start Docker (for example `sudo systemctl start docker`), or set DOCKER_HOST.",
            )
        if shutil.which("dockerd") is None:
            with self._reporter.step("install Docker"):
                host.install(self._runner, PACKAGES, self._cache.log("apt"))
            if not self._client_there():  # newer releases have the client in a package of its own
                host.install(self._runner, ("docker-cli",), self._cache.log("apt"))
            if found.answers():
                return True
        with self._reporter.step("start Docker"):
            self._start(Docker(self._runner, f"unix://{SOCKET}"))
        return False

    def _start(self, ours: Docker) -> None:
        RUN.mkdir(parents=True, exist_ok=True)
        log = self._cache.log("dockerd")
        argv = [
            "dockerd", f"--host=unix://{SOCKET}", f"--pidfile={PIDFILE}",
            f"--exec-root={RUN / 'exec'}", f"--data-root={self._cache.root / 'docker'}",
        ]  # fmt: skip
        if host.lacks_sys_resource():
            _write_wrapper()
            argv += [f"--add-runtime={RUNTIME}={WRAPPER}", f"--default-runtime={RUNTIME}"]
        pid = self._runner.start(Command(tuple(argv), log=log))
        with ExitStack() as undo:  # after a failure, or Ctrl-C: nobody else knows of it yet
            undo.callback(stop_pid, pid, self._pause)
            if not self._until(ours.answers, START_SECONDS):
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
                raise ClusterError(
                    f"Our Docker daemon did not answer within {START_SECONDS:.0f} s.\n{tail}",
                    f"The whole log: {log}",
                )
            undo.pop_all()

    def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            self._pause(0.3)
        return True

    @contextmanager
    def _used(self) -> Iterator[None]:
        """Hold the shared lock that says: someone uses our daemon."""
        folder = self._cache.root / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "dockerd").open("w") as self._lock:
            fcntl.flock(self._lock, fcntl.LOCK_SH)
            yield

    def _stop_after_last_use(self, ours: Docker) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another process uses it, and will stop it
        argv = ("docker", "ps", "--quiet", "--filter", f"label={KIND_LABEL}")
        clusters = self._runner.run(Command(argv, env=ours.env, cleanup=True))
        if clusters.ok and not clusters.output.strip():
            self._reporter.say("stop Docker: no cluster of ours runs")
            # An interrupted build's container may outlive the client that asked to remove it.
            ours.clean("container", "prune", "--force", "--filter", f"label!={KIND_LABEL}")
            stop_pid(read_pid(PIDFILE), self._pause)


def read_pid(file: Path) -> int | None:
    """Read a pid file; None if there is none or it makes no sense."""
    with suppress(OSError, ValueError):
        return int(file.read_text())
    return None


def stop_pid(pid: int | None, pause: Callable[[float], object]) -> None:
    """Ask process *pid* to end and wait until it is gone; kill it if it will not go."""
    if pid is None:
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)  # only our own child becomes a zombie of ours
            os.kill(pid, 0)
            pause(0.2)
        os.kill(pid, signal.SIGKILL)


def _write_wrapper() -> None:
    """Put the runtime wrapper where the daemon can execute it."""
    source = (BUILD / "runtime" / "runc_within_bounds.py").read_text()
    partial = WRAPPER.with_suffix(".partial")
    # -I -S: it runs for every container and every probe, so it starts without site-packages
    partial.write_text(f"#!{Path(sys.executable).resolve()} -IS\n{source}")
    partial.chmod(0o755)
    partial.rename(WRAPPER)
