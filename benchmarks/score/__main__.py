"""
``make score``: the score sheet of code quality, measured from the files of a checkout.

The exit code is 1 if a row is out of target.
"""

import sys
from pathlib import Path

import click
from rich.console import Console

from benchmarks.score.report import WIDTH, show
from benchmarks.score.sheet import measure
from benchmarks.score.tree import Tree

REPOSITORY = Path(__file__).parents[2]


@click.command()
@click.argument(
    "root", type=click.Path(exists=True, file_okay=False, path_type=Path), default=REPOSITORY
)
def main(root: Path) -> None:
    """Measure the checkout at ROOT, by default the one that this file is in."""
    rows = measure(Tree(root))
    console = Console()
    show(rows, console if console.is_terminal else Console(width=WIDTH))
    sys.exit(0 if all(row.ok for row in rows) else 1)


if __name__ == "__main__":
    main()
