"""What is in the way of an object: told by its conditions, in the order in which it must go."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from daskop.api.children import Pod
from daskop.api.kinds import AnyCustomResource
from daskop.api.meta import HasMeta, Manifest

NOT_FOUND_CODES = frozenset({127, 128})
"""A shell's and a container runtime's exit code for a command that does not exist."""

OLD_COMMANDS = {"dask-worker": "dask worker", "dask-scheduler": "dask scheduler"}
"""Removed in distributed 2026.6.0; what took their place."""


class Obstacle(NamedTuple):
    """
    One thing in the way.

    Attributes:
        reason: One CamelCase word.
        message: A sentence without capital and full stop.
    """

    reason: str
    message: str


def pod_obstacle(pod: Pod, spec: Manifest) -> Obstacle | None:
    """
    What keeps *pod* from becoming ready, in words; None if it is only on its way.

    *spec* is the PodSpec that its user wrote.
    """
    problem = pod.problem
    if problem is None:
        return None
    words = f"Pod {pod.meta.key.name}: {problem.message or problem.reason}"
    gone = problem.exit_code in NOT_FOUND_CODES or "executable file not found" in problem.message
    hints = [
        f"{old} does not exist from distributed 2026.6.0 on: write {new} instead"
        for old, new in OLD_COMMANDS.items()
        if gone and any(_runs(old, word) for word in _command_line(spec))
    ]
    return Obstacle(problem.reason, "; ".join([words, *hints]))


def first_obstacle(pods: Iterable[Pod], spec: Manifest) -> Obstacle | None:
    """That of the first of *pods*, by name, that has one: the same as long as nothing changes."""
    troubled = (pod for pod in pods if pod.problem is not None)
    pod = min(troubled, key=lambda pod: pod.meta.key, default=None)
    return pod_obstacle(pod, spec) if pod is not None else None


def taken(kind: str, child: HasMeta | None, owner: AnyCustomResource) -> Obstacle | None:
    """Whether *child* stands under a name that *owner* needs, and is not its own or is going."""
    if child is None:
        return None
    name, controller = f"{kind} {child.meta.key.name}", child.meta.controller
    if child.meta.controlled_by(owner.meta.uid):
        going = Obstacle("Terminating", f"waiting for the {name} to be gone")
        return going if child.meta.deleting else None
    if controller and (controller.kind, controller.name) == (owner.kind, owner.meta.key.name):
        of = f"of an earlier {owner.kind} of that name"
        return Obstacle("Terminating", f"waiting for the {name} {of} to be collected")
    words = f"the {name} is there already, and not made for this {owner.kind}: it is left alone"
    return Obstacle("NameConflict", words)


def _runs(command: str, word: str) -> bool:
    """Whether *word*, perhaps a line of a shell, names *command*, not something called like it."""
    return re.search(rf"(?<![\w-]){command}(?![\w/.-])", word) is not None


def _command_line(spec: Manifest) -> Iterator[str]:
    """What the containers of *spec* are started with."""
    for container in spec["containers"]:
        yield from container.get("command") or ()
        yield from container.get("args") or ()
