"""The sheet as people read it."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.score.row import Row

SHOWN = 10
WIDTH = 120
"""Of what is no terminal."""


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the table, and below it the worst offenders of each row that is not ok."""
    table = Table(box=box.SIMPLE_HEAD if console.is_terminal else None, pad_edge=False)
    for name in ("quality", "measured", "target", ""):
        table.add_column(name, overflow="fold")
    for row in rows:
        verdict = "[green]ok[/]" if row.ok else "[red]NOT OK[/]"
        table.add_row(escape(row.name), escape(row.value), escape(row.target), verdict)
    console.print(table)
    for row in rows:
        if not row.ok:
            _show_offenders(row, console)


def _show_offenders(row: Row, console: Console) -> None:
    console.print(f"\n{row.name} (target {row.target}):", markup=False, highlight=False)
    for offender in row.offenders[:SHOWN]:
        words = (offender.place, offender.name, offender.value)
        line = "  " + " ".join(word for word in words if word)
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if len(row.offenders) > SHOWN:
        console.print(f"  and {len(row.offenders) - SHOWN} more", highlight=False)
