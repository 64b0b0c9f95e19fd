"""
A page of the documentation as its tests see it: fenced blocks, and the commands in them.

The language of a block says what becomes of it:

- ``console``: run by a test, in order, all of a page in one shell. A line that begins with ``$ ``
  is a command, and goes on in the next line after a backslash, or until the end of a here-document;
  the lines below are what it prints (see :mod:`tests.docs.output`).
- ``yaml``: whole manifests, which a real API server takes, with strict field validation. What has
  no ``apiVersion`` is for another program, and the tests of that page see to it.
- ``python``: a program, which must compile; it runs where a command of the page runs it.
- ``shell``, ``text`` and all others: not run. The text around says why.
"""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
"""The repository."""

FENCE: Final = re.compile(r"^(?P<indent> *)(?P<fence>```+)(?P<info>[^`]*)$")
SNIPPET: Final = re.compile(r'^( *)--8<-- "(?P<path>[^"]+)"$')
HERE_DOCUMENT: Final = re.compile(r"<<-?\s*'?(?P<end>\w+)'?")
PROMPT: Final = "$ "


@dataclass(frozen=True, slots=True)
class Block:
    """
    One fenced block.

    Attributes:
        language: The first word behind the fence; empty if there is none.
        heading: The heading that it stands below.
        line: Number of the line of its fence.
        text: What it holds, with files that it includes in place.
    """

    language: str
    heading: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """
    A command of a page, and what the page shows below it.

    Attributes:
        shown: The lines of output; none if the page shows none, and any will do.
        line: Number of the command's line in the page.
    """

    command: str
    shown: tuple[str, ...]
    heading: str
    line: int


def pages() -> list[str]:
    """Each page, the README among them, by its path in the repository."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [str(page.relative_to(ROOT)) for page in found]


def blocks(page: str) -> list[Block]:
    """The fenced blocks of *page*, a path in the repository."""
    return list(parse((ROOT / page).read_text()))


def steps(page: str) -> list[Step]:
    """The commands of *page* that tests run."""
    return [step for block in blocks(page) if block.language == "console" for step in read(block)]


def parse(text: str) -> Iterator[Block]:
    """
    The fenced blocks of a page's *text*.

    Raises:
        ValueError: If a fence is never closed.
    """
    heading = ""
    lines = enumerate(text.splitlines(), start=1)
    for number, line in lines:
        fence = FENCE.match(line)
        if fence is None:
            heading = line.lstrip("#").strip() if line.startswith("#") else heading
            continue
        held: list[str] = []
        for _, inner in lines:
            if inner.strip() == fence["fence"]:
                break
            held.append(inner)
        else:
            raise ValueError(f"the fence in line {number} is never closed")
        language = (fence["info"].split() or [""])[0]
        yield Block(language, heading, number, _included(textwrap.dedent("\n".join(held))))


def _included(text: str) -> str:
    """*text* with the files of the repository that it includes."""
    found = [SNIPPET.match(line) for line in text.splitlines()]
    shown = [
        (ROOT / snippet["path"]).read_text().rstrip("\n") if snippet else line
        for line, snippet in zip(text.splitlines(), found, strict=True)
    ]
    return "\n".join(shown)


def read(block: Block) -> list[Step]:
    """
    The commands of a ``console`` block.

    Raises:
        ValueError: If it begins with something else than a command.
    """
    found: list[Step] = []
    lines = list(enumerate(block.text.splitlines(), start=block.line + 1))
    while lines:
        number, line = lines.pop(0)
        if line.startswith(PROMPT):
            command = "\n".join([line.removeprefix(PROMPT), *_rest(line, lines)])
            found.append(Step(command, (), block.heading, number))
        elif found:
            last = found.pop()
            found.append(Step(last.command, (*last.shown, line), last.heading, last.line))
        else:
            raise ValueError(f"line {number} stands before the first command: {line}")
    return found


def _rest(line: str, lines: list[tuple[int, str]]) -> Iterator[str]:
    """Take the lines with which the command that begins with *line* goes on out of *lines*."""
    document = HERE_DOCUMENT.search(line)
    while lines and (document is not None or line.endswith("\\")):
        _, line = lines.pop(0)
        yield line
        if document is not None and line == document["end"]:
            return
