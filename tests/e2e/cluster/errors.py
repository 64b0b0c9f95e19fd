"""
What can go wrong, in words for the person at the terminal.

    ClusterError            one sentence, one hint, exit code 1
    |- CommandError         a program that we started failed: with the end of what it said
    Interrupted             Ctrl-C or SIGTERM: exit code 130
"""

from collections.abc import Sequence

LOG_LINES = 15
"""Last lines of a failed program's output that are shown; the rest is in its log file."""


class ClusterError(Exception):
    """
    Something that the user can mend.

    Attributes:
        message: One sentence that says what is wrong.
        hint: What to do about it; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class CommandError(ClusterError):
    """
    A program ended with a non-zero exit code.

    Attributes:
        code: Its exit code; negative for a signal.
        output: What it printed.
    """

    def __init__(self, argv: Sequence[str], code: int, output: str, hint: str = "") -> None:
        shown = " ".join(argv[:6]) + (" ..." if len(argv) > 6 else "")
        super().__init__(f"`{shown}` failed with exit code {code}.", hint)
        self.code = code
        self.output = output

    def tail(self) -> list[str]:
        """Give the last lines of the output."""
        return self.output.rstrip().splitlines()[-LOG_LINES:]


class Interrupted(BaseException):
    """The run was asked to stop."""
