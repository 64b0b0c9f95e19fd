"""A Kubernetes control plane as processes of this machine, for as long as a ``with`` block."""

import contextlib
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

import urllib3

from tests.e2e.cluster.controlplane import components
from tests.e2e.cluster.controlplane.api import Api, path_of
from tests.e2e.cluster.controlplane.components import (
    APISERVER,
    CONTROLLER_MANAGER,
    ETCD,
    KWOK,
    SCHEDULER,
    Layout,
)
from tests.e2e.cluster.controlplane.errors import ApiError
from tests.e2e.cluster.controlplane.kubeconfig import kubeconfig, write_private
from tests.e2e.cluster.controlplane.options import Binaries, Options
from tests.e2e.cluster.controlplane.pki import Pki, claims_of
from tests.e2e.cluster.controlplane.ports import Ports
from tests.e2e.cluster.controlplane.startup import (
    built,
    check_disk,
    component_error,
    with_free_ports,
)
from tests.e2e.cluster.controlplane.supervision import Supervision
from tests.e2e.cluster.controlplane.waiting import wait_until

_READY_WITHIN_SECONDS: Final = 60.0  # 5 s on two idle cores; a machine under load needs longer
_TOKEN_LEEWAY_SECONDS: Final = 60  # the API server accepts a token that long after its ``exp``

Report = Callable[[str], None]


class ControlPlane:
    """
    etcd, API server, controllers, scheduler and simulated nodes, started by ``with``.

    Args:
        options: Its parts and size; by default what a Dask operator needs.
        binaries: Programs to use; by default those of the build cache, built when missing.
        report: Told in a few words what the start is waiting for.

    Attributes:
        start_seconds: How long the start took, without building.
        folder: Data, logs and kubeconfigs; gone after the ``with`` block.
        ports: On loopback; the same after a component was started again.
        api: A client with all rights.
    """

    start_seconds: float
    folder: Path
    ports: Ports
    api: Api

    def __init__(
        self,
        options: Options | None = None,
        binaries: Binaries | None = None,
        report: Report = lambda _: None,
    ) -> None:
        self.options = options or Options()
        self._given = binaries
        self._report = report

    def __enter__(self) -> Self:
        check_disk(Path(tempfile.gettempdir()))
        self._binaries = self._given or built()
        begin = time.monotonic()
        with contextlib.ExitStack() as undo:
            self._supervision = Supervision()
            undo.callback(self._supervision.close)
            self.folder = self._supervision.folder
            self._report("certificates and keys")
            self._pki = Pki(self.folder / "pki")
            self._tokens = self._pki.make(self._binaries.localkube)
            with_free_ports(self._launch, self._clear)
            self._undo = undo.pop_all()
        self.start_seconds = time.monotonic() - begin
        return self

    def __exit__(self, *_: object) -> None:
        self.api.close()
        self._undo.close()

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return f"https://127.0.0.1:{self.ports.apiserver}"

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig file with all rights."""
        return self._layout.kubeconfig("admin")

    @property
    def audit_log(self) -> Path:
        """The audit log, if one was asked for: one JSON event a line, once a request is over."""
        return self._layout.audit_log

    def pids(self) -> dict[str, int]:
        """Return the process of every component that runs, and of their supervisor."""
        return {"supervisor": self._supervision.pid, **self._supervision.running()}

    def ended(self) -> dict[str, int]:
        """Return the exit code of every component that ended by itself."""
        return self._supervision.ended()

    def log(self, component: str) -> Path:
        """Return the log file of *component*."""
        return self.folder / f"{component}.log"

    def token_for(
        self, namespace: str, service_account: str, *, lifetime_seconds: int = 86_400
    ) -> str:
        """Ask the API server for a token of a service account (ten minutes or more)."""
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": lifetime_seconds},
        }
        path = path_of("v1", "serviceaccounts", namespace, service_account)
        token: str = self.api.create(f"{path}/token", request)["status"]["token"]
        return token

    def short_lived_token(self, namespace: str, service_account: str, *, seconds: int) -> str:
        """
        Make a token of a service account that the API server accepts for *seconds* only.

        It gives none below ten minutes itself, so the end of one is moved and it is signed anew
        with the same key. A token that was accepted is remembered for ten seconds more.
        """
        claims = claims_of(self.token_for(namespace, service_account))
        end = claims["iat"] - _TOKEN_LEEWAY_SECONDS + seconds
        return self._pki.sign({**claims, "exp": end})

    def kubeconfig_for(self, namespace: str, service_account: str) -> Path:
        """Make a kubeconfig with a service account's own token: exactly its rights."""
        token = self.token_for(namespace, service_account)
        return self._write_kubeconfig(f"{namespace}.{service_account}", token, namespace)

    def stop_component(self, name: str) -> None:
        """Kill a component and wait until it is gone; its port and data stay reserved for it."""
        self._supervision.stop(name)

    def start_component(self, name: str) -> None:
        """Start a stopped component again, with the same port and data, and wait until it serves."""
        self._start(name)
        if name in {ETCD, APISERVER}:
            self._await_apiserver()

    def pause(self, name: str) -> None:
        """Stop a component in mid-air (SIGSTOP): its connections stay open, nobody answers."""
        self._supervision.signal(name, signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let a paused component go on (SIGCONT)."""
        self._supervision.signal(name, signal.SIGCONT)

    def _launch(self, ports: Ports) -> None:
        self.ports = ports
        self._layout = Layout(self.folder, ports, self._pki)
        for path, content in components.configuration(self._layout).items():
            write_private(path, content)
        for user, token in self._tokens.items():
            self._write_kubeconfig(user, token, "default")
        self.api = Api(self.server, self._pki.authority, self._tokens["admin"])
        self._report("etcd and the API server")
        self._start(ETCD)
        self._start(APISERVER)
        self._await_apiserver()
        self._launch_the_rest()

    def _launch_the_rest(self) -> None:
        self._report("controllers, scheduler and simulated nodes")
        if self.options.controllers:
            self._start(CONTROLLER_MANAGER)
        if self.options.scheduler:
            self._start(SCHEDULER)
        if self.options.nodes:
            self._start(KWOK)
            for number in range(self.options.nodes):
                node = components.node(f"simulated-{number}")
                self.api.create(path_of("v1", "nodes"), node)
            # kwok renews the lease of a node that it has taken over
            last = f"simulated-{self.options.nodes - 1}"
            lease = path_of("coordination.k8s.io/v1", "leases", "kube-node-lease", last)
            self._await(KWOK, lambda: self.api.exists(lease))
        if "serviceaccount-controller" in self.options.controllers:
            account = path_of("v1", "serviceaccounts", "default", "default")
            self._await(CONTROLLER_MANAGER, lambda: self.api.exists(account))

    def _clear(self) -> None:
        self.api.close()
        self._supervision.kill_all()
        shutil.rmtree(self.folder / ETCD, ignore_errors=True)
        for log in self.folder.glob("*.log"):
            log.unlink()  # else the next attempt would find the old reason

    def _start(self, name: str) -> None:
        argv = components.command_line(name, self._binaries, self._layout, self.options)
        self._supervision.start(name, argv)

    def _await_apiserver(self) -> None:
        self._await(APISERVER, lambda: self.api.request("GET", "/readyz") == "ok")

    def _await(self, component: str, ready: Callable[[], bool]) -> None:
        """Wait until *ready* says yes; any component that ends meanwhile is an error."""

        def is_ready() -> bool:
            for name, code in self.ended().items():
                raise component_error(self.folder, name, f"ended with exit code {code}")
            try:
                return ready()
            except (ApiError, urllib3.exceptions.HTTPError):
                return False  # the server listens, but does not serve yet

        try:
            wait_until(is_ready, component, within_seconds=_READY_WITHIN_SECONDS)
        except TimeoutError:
            problem = f"was not ready within {_READY_WITHIN_SECONDS:g} s"
            raise component_error(self.folder, component, problem) from None

    def _write_kubeconfig(self, user: str, token: str, namespace: str) -> Path:
        content = kubeconfig(self.server, self._pki.authority.read_bytes(), user, token, namespace)
        return write_private(self._layout.kubeconfig(user), content)
