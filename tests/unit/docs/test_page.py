"""What the tests of the documentation read in a page."""

import pytest

from tests.docs.page import Block, parse, read

PAGE = """\
# Title

## First

```console
$ kubectl get pods \\
    --watch
NAME   READY
a      1/1
$ kubectl apply -f - <<EOF
kind: Pod
EOF
pod/a created
```

Text.

## Second

1. An item.

   ```yaml title="pod.yaml"
   kind: Pod
   ```
"""


def test_blocks_have_language_heading_and_line() -> None:
    """
    Each fenced block is found, one in a list without its indent.
    """
    first, second = parse(PAGE)

    assert ("console", "First", 5) == (first.language, first.heading, first.line)
    assert Block("yaml", "Second", 22, "kind: Pod") == second


def test_commands_go_on_and_have_output() -> None:
    """
    A backslash and a here-document continue a command; the rest is what it prints.
    """
    get, apply = read(next(parse(PAGE)))

    assert "kubectl get pods \\\n    --watch" == get.command
    assert ("NAME   READY", "a      1/1") == get.shown
    assert "kubectl apply -f - <<EOF\nkind: Pod\nEOF" == apply.command
    assert (("pod/a created",), "First", 10) == (apply.shown, apply.heading, apply.line)


def test_included_files_are_in_place() -> None:
    """
    A block that includes a file of the repository holds that file's text.
    """
    (block,) = parse('```yaml\n--8<-- "examples/cluster.yaml"\n```\n')

    assert "kind: DaskCluster\n" in block.text


def test_a_page_that_is_not_closed_is_refused() -> None:
    """
    A fence that is never closed would hide all commands below it.
    """
    with pytest.raises(ValueError, match="line 2 is never closed"):
        list(parse("# Title\n```console\n$ true\n"))


def test_output_without_a_command_is_refused() -> None:
    """
    A console block begins with a command: a forgotten prompt would leave it untested.
    """
    with pytest.raises(ValueError, match="line 2 stands before the first command: kubectl"):
        read(next(parse("```console\nkubectl get pods\n```\n")))
