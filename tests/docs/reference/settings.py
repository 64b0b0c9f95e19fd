"""The page of the settings, from the options of ``daskop run``."""

from typing import Final

import click

from daskop.cli import main, run
from tests.docs.reference.table import code, plain, table

HEAD: Final = """\
# Settings

This page is generated from the command line (`make reference`); `daskop run --help` tells the same.
An option wins over its environment variable.

## daskop run
"""

FOOT: Final = """
## Other commands
"""

COLUMNS: Final = ("option and environment variable", "value and default", "meaning")


def page() -> str:
    """The whole page."""
    options = [option for option in run.params if isinstance(option, click.Option)]
    others = [
        (code(f"daskop {name}"), plain(command.help or ""))
        for name, command in sorted(main.commands.items())
        if command is not run
    ]
    lines = [*table(COLUMNS, map(_row, options)), FOOT, *table(("command", "meaning"), others)]
    return "\n".join([HEAD, *lines, ""])


def _row(option: click.Option) -> tuple[str, str, str]:
    names = [*option.opts, *option.secondary_opts, str(option.envvar)]
    value = f"{_value(option)}{_default(option)}"
    return "<br>".join(map(code, names)), value, plain(option.help or "")


def _value(option: click.Option) -> str:
    """What may be given, in words."""
    kind = option.type
    if option.is_flag:
        return "in the environment `true` or `false`"
    if isinstance(kind, click.Choice):
        return ", ".join(map(code, kind.choices))
    if isinstance(kind, click.IntRange | click.FloatRange):
        words = "whole number" if isinstance(kind, click.IntRange) else "number"
        return f"{words}, {_range(kind)}"
    return {"host:port": "`HOST:PORT` or `:PORT`", "file": "file"}.get(kind.name, "text")


def _range(kind: click.IntRange | click.FloatRange) -> str:
    return f"{kind.min} to {kind.max}" if kind.max is not None else f"at least {kind.min}"


def _default(option: click.Option) -> str:
    """The default as it is given on the command line; none says nothing."""
    default = option.to_info_dict()["default"]
    if option.is_flag:
        return f"; default {code(option.opts[0] if default else option.secondary_opts[0])}"
    return f"; default {code(str(default))}" if isinstance(default, int | float | str) else ""
