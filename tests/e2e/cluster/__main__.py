"""``python -m tests.e2e.cluster``: Kubernetes for development, tests and the demo."""

import sys
from typing import Any

import click

from tests.e2e.cluster import manifests as rendering
from tests.e2e.cluster import operator
from tests.e2e.cluster.controlplane.command import control_plane
from tests.e2e.cluster.demo import run_demo
from tests.e2e.cluster.errors import ClusterError, CommandError, Interrupted
from tests.e2e.cluster.images import OPERATOR_IMAGE, operator_image
from tests.e2e.cluster.kind import kubeconfig
from tests.e2e.cluster.registry import registry_answers
from tests.e2e.cluster.tool import Tool
from tests.e2e.cluster.workshop import Workshop

cluster_name = click.option(
    "--name", default="daskop", show_default=True, help="Name of the kind cluster."
)


class ClusterGroup(click.Group):
    """Says errors in a sentence and a hint, and ends cleanly on Ctrl-C and SIGTERM."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except ClusterError as error:
            if isinstance(error, CommandError):
                click.echo("\n".join(error.tail()), err=True)
            click.echo(f"Error: {error.message}", err=True)
            if error.hint:
                click.echo(error.hint, err=True)
            sys.exit(1)
        except Interrupted:
            click.echo("Stopped.", err=True)
            sys.exit(130)


@click.group(cls=ClusterGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Kubernetes on this machine: a kind cluster, or a control plane alone."""


main.add_command(control_plane)


@main.command()
def build() -> None:
    """Build everything that is missing."""
    tool = Tool.make()
    with tool.interruptible(), tool.docker() as docker:
        tool.build(docker, for_tests=True)


@main.command()
def manifests() -> None:
    """Make the parts of manifests/ that are made from others."""
    rendering.write()


@main.command()
def image() -> None:
    """Build the operator's image."""
    tool = Tool.make()
    with tool.interruptible(), tool.docker() as docker, tool.reporter.step(OPERATOR_IMAGE):
        operator_image(Workshop(docker, tool.runner, tool.cache, registry_answers()))


@main.command()
@cluster_name
def up(name: str) -> None:
    """Start a kind cluster, with the images loaded."""
    tool = Tool.make()
    with tool.interruptible(), tool.up(name) as cluster:
        click.echo(f"export KUBECONFIG={cluster.kubeconfig}")


@main.command()
@cluster_name
def down(name: str) -> None:
    """Remove the kind cluster."""
    tool = Tool.make()
    with tool.interruptible():
        tool.down(name)


@main.command("kubeconfig")
@cluster_name
def show_kubeconfig(name: str) -> None:
    """Print the path of the cluster's kubeconfig."""
    path = kubeconfig(Tool.make().cache.root, name)
    if not path.exists():
        raise ClusterError(f"There is no kind cluster {name}.", "Start it: make cluster-up")
    click.echo(path)


@main.command()
@cluster_name
def deploy(name: str) -> None:
    """Install CRDs and operator into the running cluster, from the sources as they are."""
    tool = Tool.make()
    with tool.interruptible(), tool.running(name) as cluster:
        with tool.reporter.step(OPERATOR_IMAGE):
            shop = Workshop(cluster.docker, tool.runner, tool.cache, registry_answers())
            cluster.load((operator_image(shop),))
        tool.deploy(cluster)


@main.command()
@cluster_name
def undeploy(name: str) -> None:
    """Remove operator and CRDs from the running cluster."""
    tool = Tool.make()
    with tool.interruptible(), tool.running(name) as cluster:
        operator.undeploy(cluster)


@main.command()
@cluster_name
def demo(name: str) -> None:
    """From nothing to a computed result."""
    tool = Tool.make()
    with tool.interruptible(), tool.up(name) as cluster:
        tool.deploy(cluster)
        run_demo(cluster, tool.reporter, click.echo)


if __name__ == "__main__":
    main(prog_name="python -m tests.e2e.cluster")
