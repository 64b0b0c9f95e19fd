"""``make bench``: what the operator's parts cost, against targets and bare loops."""

import json
import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from benchmarks import (
    idle_reconcile,
    process_memory,
    queue_latency,
    store_memory,
    watch_ingest,
    worker_creation,
)
from benchmarks.figure import Benchmark
from benchmarks.report import Machine, Outcome, data, line, page, summary
from daskop import log
from daskop.clock import SystemClock
from tests.e2e.cluster.progress import Reporter, reporter

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"

BENCHMARKS: Mapping[str, Benchmark] = {
    "watch_ingest": watch_ingest.BENCHMARK,
    "store_memory": store_memory.BENCHMARK,
    "queue_latency": queue_latency.BENCHMARK,
    "idle_reconcile": idle_reconcile.BENCHMARK,
    "process_memory": process_memory.BENCHMARK,
    "worker_creation": worker_creation.BENCHMARK,
}


def measure(name: str, benchmark: Benchmark, progress: Reporter) -> Outcome:
    """Run one benchmark, and say what came out."""
    before, _, _ = os.getloadavg()
    with progress.step(name):
        figures = benchmark.measure(lambda text: progress.say(f"{name}: {text}"))
    after, _, _ = os.getloadavg()
    for figure in figures:
        progress.say(f"{name}: {line(figure)}")
    return Outcome(benchmark, figures, before, after)


def run(names: Iterable[str], progress: Reporter) -> dict[str, Outcome]:
    """Run benchmarks, one after the other."""
    return {name: measure(name, BENCHMARKS[name], progress) for name in names}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHMARKS)))
@click.option("--write", is_flag=True, help=f"Write docs/{PAGE.name} although only some are run.")
def main(names: tuple[str, ...], *, write: bool) -> None:
    """
    Run the benchmarks NAMES, or all of them.

    All of them write docs/benchmarks.md. A target that is missed is no error: it says so.
    """
    log.configure("console")  # standard output is for the figures
    progress = reporter()
    outcomes = run(names or BENCHMARKS, progress)
    machine = Machine(os.cpu_count() or 1, platform.python_version())
    now = SystemClock().now()
    if write or not names:
        PAGE.write_text(page(outcomes, machine, now))
    progress.say(summary(outcomes))
    print(json.dumps(data(outcomes, machine, now)))


if __name__ == "__main__":
    main()
