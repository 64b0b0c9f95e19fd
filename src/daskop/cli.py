"""The command line."""

import sys
from pathlib import Path
from typing import Any

import click
import yaml

from daskop import __version__, log
from daskop.api.crd import KINDS, custom_resource_definition
from daskop.errors import DaskopError
from daskop.manager import Manager
from daskop.settings import Address, Settings


class AddressType(click.ParamType[Address]):
    """``HOST:PORT``."""

    name = "host:port"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Address:
        """Read the text of an option or of a variable."""
        if isinstance(value, Address):
            return value
        try:
            return Address.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A Dask operator for Kubernetes."""


@main.command()
@click.option(
    "--kubeconfig",
    envvar="DASKOP_KUBECONFIG",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Server and credentials; left out, those of the Pod that it runs in.",
)
@click.option(
    "--health-address",
    envvar="DASKOP_HEALTH_ADDRESS",
    type=AddressType(),
    default=":8081",
    show_default=True,
    help="Where /healthz and /readyz are served.",
)
@click.option(
    "--metrics-address",
    envvar="DASKOP_METRICS_ADDRESS",
    type=AddressType(),
    default=":8080",
    show_default=True,
    help="Where /metrics is served.",
)
@click.option(
    "--log-format",
    envvar="DASKOP_LOG_FORMAT",
    type=click.Choice(["auto", "console", "json"]),
    default="auto",
    show_default=True,
    help="auto is console on a terminal, else json.",
)
def run(
    kubeconfig: Path | None,
    health_address: Address,
    metrics_address: Address,
    log_format: log.Format,
) -> None:
    """Run the operator until SIGTERM or Ctrl-C."""
    log.configure(log_format)
    settings = Settings(kubeconfig=kubeconfig, health=health_address, metrics=metrics_address)
    try:
        Manager(settings).run()
    except (DaskopError, OSError) as error:
        hint = "Outside a cluster, name a kubeconfig file: daskop run --kubeconfig FILE."
        click.echo(f"daskop: {error}\n{hint if kubeconfig is None else ''}".rstrip(), err=True)
        sys.exit(1)


@main.command()
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write one file for each kind there instead of printing them.",
)
def crds(directory: Path | None) -> None:
    """Print the CustomResourceDefinitions."""
    pages = {
        f"{kind.resource.plural}.yaml": yaml.dump(
            custom_resource_definition(kind), Dumper=_PlainDumper, sort_keys=False, width=100
        )
        for kind in KINDS
    }
    if directory is None:
        click.echo("---\n".join(pages.values()), nl=False)
        return
    directory.mkdir(parents=True, exist_ok=True)
    for name, page in pages.items():
        (directory / name).write_text(page)


@main.command()
def version() -> None:
    """Print the version."""
    click.echo(__version__)


class _PlainDumper(yaml.SafeDumper):
    """YAML without anchors, which people find hard to read."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature of yaml's hook
        """Write everything out."""
        return True
