"""The command line."""

import sys
from pathlib import Path
from typing import Any

import click
import yaml

from daskop import __version__, log
from daskop.api.crd import KINDS, custom_resource_definition
from daskop.errors import DaskopError
from daskop.kube.transport import own_namespace
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
    show_envvar=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Server and credentials; left out, those of the Pod that it runs in.",
)
@click.option(
    "--namespace",
    "namespaces",
    envvar="DASKOP_NAMESPACES",
    show_envvar=True,
    multiple=True,
    help="Watch this namespace; may be given several times (in the environment with spaces in "
    "between). Left out, all namespaces are watched.",
)
@click.option(
    "--leader-election/--no-leader-election",
    envvar="DASKOP_LEADER_ELECTION",
    show_envvar=True,
    default=False,
    show_default=True,
    help="Agree with other replicas, by a Lease, on which of them works.",
)
@click.option(
    "--lease-namespace",
    envvar="DASKOP_LEASE_NAMESPACE",
    show_envvar=True,
    help="Where the Lease is; left out, in the namespace of the Pod that it runs in.",
)
@click.option(
    "--workers",
    envvar="DASKOP_WORKERS",
    show_envvar=True,
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="Objects of each kind that are reconciled at the same time.",
)
@click.option(
    "--parallel-requests",
    envvar="DASKOP_PARALLEL_REQUESTS",
    show_envvar=True,
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="Creates and deletes under way at the same time.",
)
@click.option(
    "--qps",
    envvar="DASKOP_QPS",
    show_envvar=True,
    type=click.FloatRange(0),
    default=0,
    help="Most requests in a second; 0, the default, leaves that to the API server.",
)
@click.option(
    "--burst",
    envvar="DASKOP_BURST",
    show_envvar=True,
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="Requests that may go at once within --qps.",
)
@click.option(
    "--health-address",
    envvar="DASKOP_HEALTH_ADDRESS",
    show_envvar=True,
    type=AddressType(),
    default=":8081",
    show_default=True,
    help="Where /healthz and /readyz are served.",
)
@click.option(
    "--metrics-address",
    envvar="DASKOP_METRICS_ADDRESS",
    show_envvar=True,
    type=AddressType(),
    default=":8080",
    show_default=True,
    help="Where /metrics is served.",
)
@click.option(
    "--log-format",
    envvar="DASKOP_LOG_FORMAT",
    show_envvar=True,
    type=click.Choice(["auto", "console", "json"]),
    default="auto",
    show_default=True,
    help="auto is console on a terminal, else json.",
)
def run(log_format: log.Format, **options: Any) -> None:
    """Run the operator until SIGTERM or Ctrl-C."""
    log.configure(log_format)
    # What is wrong with the surroundings is one sentence and a hint; a traceback is a fault of ours.
    try:
        Manager(_settings(**options)).run()
    except (DaskopError, OSError) as error:
        hint = "Outside a cluster, name a kubeconfig file: daskop run --kubeconfig FILE."
        outside = options["kubeconfig"] is None
        click.echo(f"daskop: {error}\n{hint if outside else ''}".rstrip(), err=True)
        sys.exit(1)


def _settings(  # noqa: PLR0913 - a command has this many options
    *,
    kubeconfig: Path | None,
    namespaces: tuple[str, ...],
    leader_election: bool,
    lease_namespace: str | None,
    workers: int,
    parallel_requests: int,
    qps: float,
    burst: int,
    health_address: Address,
    metrics_address: Address,
) -> Settings:
    """
    Settings from the command's options.

    Raises:
        DaskopError: If replicas are to agree, but not where.
    """
    lease = (lease_namespace or own_namespace()) if leader_election else ""
    if leader_election and not lease:
        raise DaskopError("--leader-election outside a cluster needs a --lease-namespace")
    return Settings(
        kubeconfig=kubeconfig,
        namespaces=tuple(dict.fromkeys(namespaces)),
        worker_threads=workers,
        parallel_requests=parallel_requests,
        requests_per_second=qps,
        request_burst=burst,
        lease_namespace=lease,
        health=health_address,
        metrics=metrics_address,
    )


@main.command()
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write one file for each kind there instead of printing them.",
)
def crds(directory: Path | None) -> None:
    """Print the CustomResourceDefinitions."""
    # The files in crds/ are this output, and a test holds them equal.
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
