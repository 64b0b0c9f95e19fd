"""The page and the data that benchmarks leave behind."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from benchmarks.figure import Benchmark, Figure, Target, p50, p99
from benchmarks.report import Machine, Outcome, data, line, page, summary

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
MACHINE = Machine(cpus=2, python="3.11.7")

RATE = Figure(
    "events", "events/s", (9000.0, 12_345.0, 11_000.0), (20_000.0,) * 3, Target(10_000, True)
)
SLOW = Figure("pass p99", "ms", (7.125, 5.5, 6.0), target=Target(5.0))
KNOWN = Figure("300 workers", "s", (1.5,))


def outcome(*figures: Figure) -> Outcome:
    """What a benchmark measured."""

    def measure(_: object) -> Sequence[Figure]:
        return figures

    benchmark = Benchmark("Watch events", "It is counted.", measure)
    return Outcome(benchmark, figures, load_before=0.5, load_after=1.256)


def cells(text: str, name: str) -> list[str]:
    """The cells of the row that begins with *name*."""
    (row,) = (row for row in text.splitlines() if row.startswith(f"| {name} |"))
    return [cell.strip() for cell in row.strip("|").split("|")]


@pytest.mark.parametrize(
    ("value", "target", "met"),
    [
        pytest.param(5.0, Target(5.0), True, id="at the upper bound"),
        pytest.param(5.1, Target(5.0), False, id="above it"),
        pytest.param(5.0, Target(5.0, at_least=True), True, id="at the lower bound"),
        pytest.param(4.9, Target(5.0, at_least=True), False, id="below it"),
        pytest.param(3.0, Target(1.5, of_ratio=True), True, id="at that of the ratio"),
        pytest.param(3.1, Target(1.5, of_ratio=True), False, id="above that of the ratio"),
        pytest.param(4.9, None, None, id="no bound"),
    ],
)
def test_a_target_is_a_bound(value: float, target: Target | None, met: bool | None) -> None:
    """
    Reaching it is enough, also for the ratio to a bare loop of 2 s; without one nothing is missed.
    """
    assert met is Figure("x", "s", (value,), (2.0,), target).met


def test_the_median_counts() -> None:
    """
    One run that is out of line neither meets nor misses a target.
    """
    figure = Figure("x", "s", (1.0, 100.0, 2.0), target=Target(2.0))

    assert (2.0, True) == (figure.value, figure.met)


def test_a_ratio_is_of_one_run() -> None:
    """
    Each run is compared with its own bare loop, and the median of those counts.
    """
    figure = Figure("x", "s", (1.0, 20.0, 3.0), (1.0, 10.0, 1.0))

    assert 2.0 == figure.ratio


@pytest.mark.parametrize(("quantile", "expected"), [(p50, 50), (p99, 99)])
def test_quantiles_are_of_the_values(quantile: object, expected: float) -> None:
    """
    Half of them, and 99 of 100, are not above it.
    """
    assert callable(quantile)
    assert expected == quantile(range(101))


def test_a_row_says_everything_of_a_figure() -> None:
    """
    Median, spread, target, verdict, bare loop and ratio.
    """
    row = cells(page({"watch": outcome(RATE)}, MACHINE, NOW), "events")

    assert row[1:4] == ["11,000 events/s", "9,000 to 12,345", "≥ 10,000 events/s"]
    assert row[4:] == ["met", "20,000 events/s", "0.55"]


def test_a_missed_target_is_said_aloud() -> None:
    """
    In its row, and in the first paragraph.
    """
    text = page({"watch": outcome(RATE), "pass": outcome(SLOW)}, MACHINE, NOW)

    assert ["6 ms", "5.5 to 7.12", "≤ 5 ms", "**NOT met**", "", ""] == cells(text, "pass p99")[1:]
    assert "1 of 2 targets are met; NOT met: pass p99." in text


def test_a_figure_without_target_has_no_verdict() -> None:
    """
    It is shown, and not counted.
    """
    outcomes = {"workers": outcome(KNOWN)}

    assert ["1.5 s", "1.5 to 1.5", "", "", "", ""] == cells(
        page(outcomes, MACHINE, NOW), KNOWN.name
    )[1:]
    assert "0 of 0 targets are met." == summary(outcomes)


def test_a_page_says_where_and_when() -> None:
    """
    Date, CPUs, Python, the machine's load, the method, and how to measure again.
    """
    text = page({"watch": outcome(RATE)}, MACHINE, NOW)

    assert "2026-01-02 03:04 UTC, 2 CPUs, Python 3.11.7" in text
    assert "## Watch events\n\nIt is counted.\n" in text
    assert "Load average 0.50 before and 1.26 after; `python -m benchmarks watch`." in text


def test_data_has_every_run() -> None:
    """
    As JSON, with what the page derives from it.
    """
    found = json.loads(json.dumps(data({"pass": outcome(SLOW)}, MACHINE, NOW)))

    (figure,) = found["benchmarks"]["pass"]["figures"]
    assert ([7.125, 5.5, 6.0], 6.0, False) == (figure["values"], figure["value"], figure["met"])
    assert ("2026-01-02T03:04:00+00:00", 2) == (found["date"], found["cpus"])


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        (SLOW, "pass p99: 6 ms (target ≤ 5 ms: NOT met)"),
        (KNOWN, "300 workers: 1.5 s"),
    ],
)
def test_progress_is_plain_text(figure: Figure, expected: str) -> None:
    """
    One line a figure, without Markdown.
    """
    assert expected == line(figure)
