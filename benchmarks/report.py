"""The outcome of benchmarks: as a page for people, and as data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from benchmarks.figure import RUNS, Benchmark, Figure

HEAD = """\
# Benchmarks

Everything on this page is measured and written by `make bench`; do not edit it.

{date}, {machine.cpus} CPUs, Python {machine.python}. Each figure is the median of {runs} runs, beside
it the lowest and the highest. A bare loop does the least that the same work needs, in the same runs;
machines differ and others use them too, so the ratio to it says more than the figure.

{summary}
"""

SECTION = """
## {benchmark.title}

{benchmark.method}

| figure | measured | spread | target | | bare loop | ratio |
| --- | --- | --- | --- | --- | --- | --- |
{rows}

Load average {load_before:.2f} before and {load_after:.2f} after; `python -m benchmarks {name}`.
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it was measured."""

    cpus: int
    python: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What one benchmark measured.

    Attributes:
        load_before: The machine's load average of a minute, when the benchmark began.
        load_after: The same when it ended; most of it is the benchmark's own.
    """

    benchmark: Benchmark
    figures: Sequence[Figure]
    load_before: float
    load_after: float


def page(outcomes: Mapping[str, Outcome], machine: Machine, now: datetime) -> str:
    """The whole page in Markdown; *outcomes* by the names of the benchmarks."""
    head = HEAD.format(
        date=f"{now:%Y-%m-%d %H:%M} UTC", machine=machine, runs=RUNS, summary=summary(outcomes)
    )
    return head + "".join(_section(name, outcome) for name, outcome in outcomes.items())


def summary(outcomes: Mapping[str, Outcome]) -> str:
    """How many targets are met, and which are not."""
    figures = [figure for outcome in outcomes.values() for figure in outcome.figures]
    missed = [figure.name for figure in figures if figure.met is False]
    total = sum(figure.met is not None for figure in figures)
    verdict = f"{total - len(missed)} of {total} targets are met"
    return f"{verdict}; NOT met: {', '.join(missed)}." if missed else f"{verdict}."


def data(outcomes: Mapping[str, Outcome], machine: Machine, now: datetime) -> dict[str, Any]:
    """The same as JSON has it, with the values of all runs."""
    benchmarks = {
        name: {
            "load_before": outcome.load_before,
            "load_after": outcome.load_after,
            "figures": [_figure(figure) for figure in outcome.figures],
        }
        for name, outcome in outcomes.items()
    }
    return {"date": now.isoformat(), **asdict(machine), "benchmarks": benchmarks}


def line(figure: Figure) -> str:
    """A figure in a line of progress."""
    verdict = _verdict(figure)
    target = f" (target {_target(figure)}: {verdict.strip('*')})" if verdict else ""
    return f"{figure.name}: {_number(figure.value)} {figure.unit}{target}"


def _section(name: str, outcome: Outcome) -> str:
    return SECTION.format(
        name=name,
        benchmark=outcome.benchmark,
        rows="\n".join(map(_row, outcome.figures)),
        load_before=outcome.load_before,
        load_after=outcome.load_after,
    )


def _row(figure: Figure) -> str:
    bare = Figure(figure.name, figure.unit, figure.bare) if figure.bare else None
    cells = (
        figure.name,
        f"{_number(figure.value)} {figure.unit}",
        f"{_number(min(figure.values))} to {_number(max(figure.values))}",
        _target(figure),
        _verdict(figure),
        f"{_number(bare.value)} {bare.unit}" if bare else "",
        _number(figure.ratio) if figure.ratio is not None else "",
    )
    return f"| {' | '.join(cells)} |"


def _figure(figure: Figure) -> dict[str, Any]:
    derived = {"value": figure.value, "met": figure.met, "ratio": figure.ratio}
    return {**asdict(figure), **derived}


def _target(figure: Figure) -> str:
    if figure.target is None:
        return ""
    sign = "≥" if figure.target.at_least else "≤"
    unit = "bare loops" if figure.target.of_ratio else figure.unit
    return f"{sign} {_number(figure.target.limit)} {unit}"


def _verdict(figure: Figure) -> str:
    return {True: "met", False: "**NOT met**", None: ""}[figure.met]


def _number(value: float) -> str:
    """Three digits that count, and all digits before the point."""
    if abs(value) >= 100:  # noqa: PLR2004 - three digits
        return f"{value:,.0f}"
    return f"{value:.3g}"
