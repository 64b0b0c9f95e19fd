"""Steps that depend on each other, run side by side as far as they allow."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import NoReturn

from tests.e2e.cluster.process import Runner
from tests.e2e.cluster.progress import Reporter

LANES = 3
"""Steps at a time: the compiler, a download, and the Docker daemon keep two cores busy."""


@dataclass(frozen=True, slots=True)
class Step:
    """
    One piece of work.

    Attributes:
        name: Shown to the user; unique.
        action: Does it, in a thread of its own.
        after: Names of the steps that must be done first.
    """

    name: str
    action: Callable[[], object]
    after: tuple[str, ...] = ()


def run_steps(steps: Sequence[Step], runner: Runner, reporter: Reporter) -> None:
    """
    Run *steps*; the first that fails stops the others, and its error is raised.

    A stop from outside (Ctrl-C) ends the children of *runner*, hence the steps, and is waited for.
    """
    waiting = list(steps)
    running: dict[Future[None], str] = {}
    done: set[str] = set()

    def perform(step: Step) -> None:
        with reporter.step(step.name):
            step.action()

    with ThreadPoolExecutor(LANES, thread_name_prefix="step") as pool:
        try:
            while waiting or running:
                for step in [step for step in waiting if done.issuperset(step.after)]:
                    waiting.remove(step)
                    running[pool.submit(perform, step)] = step.name
                if not running:
                    raise_cycle(waiting)
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    done.add(running.pop(future))
                    future.result()
        except BaseException:
            runner.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def raise_cycle(waiting: Sequence[Step]) -> NoReturn:
    """Say which steps can never begin."""
    raise ValueError(f"steps wait for each other: {[step.name for step in waiting]}")
