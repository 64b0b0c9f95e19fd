"""
Whether a command printed what its page shows.

What differs from run to run is levelled first. Then the lines must be those that are shown, and no
others; ``...`` stands for anything in a line, and alone in a line for any number of lines.
"""

import re
from collections.abc import Sequence
from typing import Final

ANYTHING: Final = "..."

LEVELLED: Final = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?", "TIME"),
    (r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UID"),
    (r"-worker-[0-9a-f]{10}\b", "-worker-HASH"),
    (r"\b\d{1,3}(?:\.\d{1,3}){3}\b", "ADDRESS"),
    (r":3\d{4}\b", ":NODEPORT"),
    (r"\b(?:\d+d)?(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?m?s\b|\b(?:\d+d)?(?:\d+h)?\d+[dhm]\b", "AGE"),
    (r"\s+", " "),
)
"""What is different in each run, and the word that stands for it in both texts."""

REFUSED: Final = re.compile(r'^(?:Error\b|error: |The \w+ ".*" is invalid)')
"""How kubectl begins what it says when it fails."""


def is_shown(shown: Sequence[str], printed: str) -> bool:
    """Whether *printed* is what the lines *shown* promise; no line at all promises nothing."""
    if not shown:
        return True
    pattern = "".join(map(_pattern, filter(str.strip, shown)))
    lines = [f"{levelled(line)}\n" for line in printed.splitlines() if line.strip()]
    return re.fullmatch(pattern, "".join(lines)) is not None


def fails(shown: Sequence[str]) -> bool:
    """Whether a page shows that the command is refused."""
    return any(REFUSED.match(line) for line in shown)


def levelled(line: str) -> str:
    """*line* without what differs from run to run."""
    for pattern, word in LEVELLED:
        line = re.sub(pattern, word, line)
    return line.strip()


def _pattern(line: str) -> str:
    """The pattern of what the line *line* of a page stands for."""
    if line.strip() == ANYTHING:
        return r"(?:.*\n)*"
    return ".*".join(map(re.escape, levelled(line).split(ANYTHING))) + r"\n"
