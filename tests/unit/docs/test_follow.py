"""How the commands of a page are run and compared."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.follow import Reader
from tests.docs.page import Step
from tests.docs.shell import Printed, Shell, ShellError, shell


@pytest.fixture
def bash(tmp_path: Path) -> Iterator[Shell]:
    """A shell in an empty folder."""
    with shell(tmp_path, {"WORD": "hello"}) as opened:
        yield opened


def step(command: str, *shown: str) -> Step:
    """A step in line 7 of a page."""
    return Step(command, shown, "Heading", 7)


def test_variables_stay(bash: Shell) -> None:
    """
    All commands of a page run in one shell, each with an empty input and its own exit code.
    """
    bash.run("word=$WORD; cat")

    assert Printed(3, "hello\n") == bash.run("echo $word; (exit 3)")
    assert Printed(0, "no newline") == bash.run("printf 'no newline'")


def test_a_command_has_a_bound(bash: Shell) -> None:
    """
    One that does not end fails, and is ended with all that it started.
    """
    with pytest.raises(ShellError, match="no end of: echo a; sleep 60"):
        bash.run("echo a; sleep 60", within_seconds=0.2)


def test_a_command_that_ends_the_shell_is_told(bash: Shell) -> None:
    """
    Nobody waits for what is printed after the shell has gone.
    """
    with pytest.raises(ShellError, match="no end of: exit 1"):
        bash.run("exit 1")


def test_a_page_that_is_true_is_followed(bash: Shell) -> None:
    """
    Commands that do what the page shows, a refusal included, are done one after another.
    """
    refused = step("cat one > two && echo error: no && false", "error: no")

    Reader("page.md", bash).follow([step("echo 1 > one"), refused, step("cat two", "1")])


@pytest.mark.parametrize(
    "untrue",
    [step("false"), step("echo one", "two"), step("echo error: no", "error: no")],
    ids=["fails", "other output", "succeeds"],
)
def test_a_page_that_is_not_true_fails(bash: Shell, untrue: Step) -> None:
    """
    The message names page and line.
    """
    with pytest.raises(AssertionError, match=r"page\.md, line 7: "):
        Reader("page.md", bash).follow([untrue])
