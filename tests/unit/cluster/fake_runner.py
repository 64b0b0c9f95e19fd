"""The process boundary of the cluster tool, in memory."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from tests.e2e.cluster.process import Command, Completed

Answer: TypeAlias = Completed | Callable[[Command], Completed]


class FakeRunner:
    """
    Writes down what it is asked to run, and answers by the first rule whose words fit.

    Attributes:
        ran: Each command as one line, in order.
    """

    def __init__(self, **_: object) -> None:
        self.ran: list[str] = []
        self.commands: list[Command] = []
        self.started: list[str] = []
        self.stopped = False
        self._rules: list[tuple[str, Answer]] = []

    def answer(self, words: str, answer: Answer) -> None:
        """Answer commands that contain *words* with *answer*; all others succeed silently."""
        self._rules.append((words, answer))

    def run(self, command: Command) -> Completed:
        """Answer *command*."""
        line = " ".join(command.argv)
        self.ran.append(line)
        self.commands.append(command)
        for words, answer in self._rules:
            if words in line:
                return answer if isinstance(answer, Completed) else answer(command)
        return Completed(0)

    def start(self, command: Command) -> int:
        """Pretend to start a daemon."""
        self.started.append(" ".join(command.argv))
        return 1

    def stop(self) -> None:
        """Remember the stop."""
        self.stopped = True


def give_go(runner: FakeRunner, version: str = "go1.26.8") -> None:
    """Let *runner* have a Go that writes a file where it is told to build."""

    def build(command: Command) -> Completed:
        Path(command.argv[command.argv.index("-o") + 1]).write_text("program")
        return Completed(0)

    runner.answer("go env", Completed(0, f"{version}\nlinux\namd64\n"))
    runner.answer("go build", build)
