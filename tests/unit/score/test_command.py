"""The command: a table, the offenders, and an exit code."""

import io
from pathlib import Path

from click.testing import CliRunner
from rich.console import Console

from benchmarks.score.__main__ import main
from benchmarks.score.report import SHOWN, show
from benchmarks.score.row import Offender, Row
from benchmarks.score.sheet import measure
from benchmarks.score.tree import Tree
from tests.unit.score.conftest import MakeTree

GOOD = Row("sleeps in unit tests", "0", "0", ok=True, offenders=[Offender("x.py:1", "hidden")])
BAD = Row("file max", "301", "≤ 300", ok=False, offenders=[Offender("[a].py", "file", "301 lines")])


def shown(*rows: Row) -> list[list[str]]:
    """The words of the lines that are printed."""
    console = Console(file=io.StringIO(), width=100)
    with console.capture() as capture:
        show(rows, console)
    return [line.split() for line in capture.get().splitlines() if line.strip()]


def test_a_row_is_one_line_of_plain_text() -> None:
    """
    Where there is no terminal; an offender of a row that is ok is not shown.
    """
    head, line = shown(GOOD)

    assert ["quality", "measured", "target"] == head
    assert ["sleeps", "in", "unit", "tests", "0", "0", "ok"] == line


def test_offenders_are_listed_below_the_table() -> None:
    """
    With their place, name and value, as they are.
    """
    _, line, _, offender = shown(BAD)

    assert ["NOT", "OK"] == line[-2:]
    assert ["[a].py", "file", "301", "lines"] == offender


def test_only_the_worst_are_listed() -> None:
    """
    The others are counted.
    """
    many = [Offender(f"{number}.py", "file") for number in range(SHOWN + 3)]

    lines = shown(Row("file max", "301", "≤ 300", ok=False, offenders=many))

    assert ["and", "3", "more"] == lines[-1]
    assert [f"{SHOWN - 1}.py", "file"] == lines[-2]


def test_a_failing_row_fails_the_command(make_tree: MakeTree, tmp_path: Path) -> None:
    """
    The exit code is 1, and the offender is named.
    """
    make_tree({"src/daskop/long.py": "\n" * 301})

    result = CliRunner().invoke(main, [str(tmp_path)])

    assert 1 == result.exit_code
    assert "src/daskop/long.py file 301 lines" in result.output


def test_nothing_is_ok_by_being_absent(tmp_path: Path) -> None:
    """
    In an empty folder only limits are met that nothing can exceed.
    """
    met = {row.name for row in measure(Tree(tmp_path)) if row.ok}

    limits = {"function median", "function p95", "function max", "functions over 50 lines"}
    limits |= {"complexity p95 / max", "file median", "file max", "broad excepts"}
    assert limits | {"mock calls per 100 tests", "sleeps in unit tests"} == met
