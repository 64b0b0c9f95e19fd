"""``make control-plane``: a control plane in the foreground."""

import shutil
import signal
import threading
from pathlib import Path
from typing import Final

import click

from tests.e2e.cluster.controlplane.options import CONTROLLERS, Options
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.cluster.controlplane.startup import component_error

_LOOK_EVERY_SECONDS: Final = 1.0


@click.command("control-plane")
@click.option("--audit/--no-audit", default=False, help="Write every request to an audit log.")
@click.option(
    "--controller",
    "controllers",
    multiple=True,
    metavar="NAME",
    help="A controller of kube-controller-manager; may be repeated. "
    f"Default: {', '.join(CONTROLLERS)}.",
)
@click.option(
    "--nodes",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Simulated nodes, each with room for 10,000 Pods.",
)
@click.option(
    "--kubeconfig",
    "copy",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the kubeconfig to this file as well; it is removed at the end.",
)
def control_plane(
    *, audit: bool, controllers: tuple[str, ...], nodes: int, copy: Path | None
) -> None:
    """
    Run a Kubernetes control plane with simulated nodes until Ctrl-C.

    The path of its kubeconfig is the only line on standard output.
    """
    _end_on_signals()
    options = Options(controllers=controllers or CONTROLLERS, nodes=nodes, audit=audit)
    with ControlPlane(options, report=_report) as plane:
        _serve(plane, copy)


def _serve(plane: ControlPlane, copy: Path | None) -> None:
    path = copy or plane.kubeconfig
    try:
        if copy:
            shutil.copy(plane.kubeconfig, copy)  # with its mode: readable by the owner only
        _report(f"ready after {plane.start_seconds:.1f} s; the kubeconfig is")
        click.echo(path)
        click.echo(f"    export KUBECONFIG={path}", err=True)
        click.echo(f"    daskop run --kubeconfig {path}", err=True)
        if plane.options.audit:
            click.echo(f"    audit log: {plane.audit_log}", err=True)
        _report("Ctrl-C ends it")
        _watch(plane)
    finally:
        if copy:
            copy.unlink(missing_ok=True)


def _watch(plane: ControlPlane) -> None:
    """Return never: a signal ends this, or a component that died."""
    never = threading.Event()
    while not never.wait(_LOOK_EVERY_SECONDS):
        for name, code in plane.ended().items():
            raise component_error(plane.folder, name, f"ended with exit code {code}")


def _report(text: str) -> None:
    click.echo(f"control plane: {text}", err=True)


def _end_on_signals() -> None:
    """Make Ctrl-C and SIGTERM the same clean end, which a second one does not disturb."""

    def end(*_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise SystemExit(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
