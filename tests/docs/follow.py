"""Doing what a page says, in a copy of the repository, as somebody does who has just cloned it."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.docs.output import fails, is_shown
from tests.docs.page import ROOT, Step
from tests.docs.shell import Printed, Shell, shell
from tests.e2e.cluster.controlplane.waiting import wait_until

LEFT_OUT: Final = (".*", "__pycache__")
"""What no command of a page needs: caches, and hidden files."""

SETTLES_WITHIN_SECONDS: Final = 60.0

LOOKS: Final = ("kubectl get ", "kubectl describe ", "kubectl events", "kubectl logs ")
"""Commands that only look are run again until they show what the page shows, as a reader would."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who follows *page* in a shell."""

    page: str
    shell: Shell

    def follow(self, steps: Sequence[Step]) -> None:
        """Do step by step what the page says; what fails, or prints something else, fails the test."""
        assert steps, f"{self.page} has no such commands"
        for step in steps:
            self._do(step)

    def _do(self, step: Step) -> None:
        printed = self.shell.run(step.command)
        if not agrees(step, printed) and step.command.startswith(LOOKS):
            printed = self._look_again(step, printed)
        assert agrees(step, printed), (
            f"{self.page}, line {step.line}: $ {step.command}\n"
            f"printed, with exit code {printed.code}:\n{printed.text}\n"
            f"and the page shows:\n{chr(10).join(step.shown) or '(that it succeeds)'}"
        )

    def _look_again(self, step: Step, printed: Printed) -> Printed:
        looks = [printed]

        def settled() -> bool:
            looks.append(self.shell.run(step.command))
            return agrees(step, looks[-1])

        try:
            wait_until(settled, step.command, within_seconds=SETTLES_WITHIN_SECONDS, every=1)
        except TimeoutError:
            return looks[-1]  # which says what is wrong
        return looks[-1]


def agrees(step: Step, printed: Printed) -> bool:
    """Whether a command did what its page shows."""
    return (printed.code != 0) == fails(step.shown) and is_shown(step.shown, printed.text)


@contextmanager
def reader(
    page: str, folder: Path, kubeconfig: Path, namespace: str, programs: Mapping[str, Path]
) -> Iterator[Reader]:
    """
    A reader of *page*, a path in the repository, whose kubectl works in *namespace*.

    Args:
        page: Named in messages.
        folder: An empty one, for the copy of the repository and what is beside it.
        kubeconfig: Of the cluster; a copy of it is used.
        namespace: Of the reader's own, and empty.
        programs: What is found by name besides the machine's own, kubectl in any case.
    """
    own = folder / "kubeconfig"
    shutil.copyfile(kubeconfig, own)
    names = folder / "bin"
    names.mkdir()
    for name, path in programs.items():
        (names / name).symlink_to(path)
    # A home of its own: kubectl's cache in ours would be that of an earlier server.
    env = {"KUBECONFIG": str(own), "PATH": f"{names}:{os.environ['PATH']}", "HOME": str(folder)}
    copy = folder / "daskop"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
    try:
        with shell(copy, env) as opened:
            done = opened.run(f"kubectl config set-context --current --namespace={namespace}")
            assert 0 == done.code, done.text
            yield Reader(page, opened)
    finally:
        shutil.rmtree(copy)
