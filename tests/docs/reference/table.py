"""Tables and words in Markdown."""

from collections.abc import Iterable, Iterator, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table."""
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def code(text: str) -> str:
    """*text* as code."""
    return f"`{text}`"


def plain(text: str) -> str:
    """*text* in one line, safe in a cell."""
    return " ".join(text.split()).replace("|", "\\|")
