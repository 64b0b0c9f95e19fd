"""Names of workers: numbers that are free, and what is done where a stranger has a name."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from daskop.api.children import Pod
from daskop.api.labels import PodLabels
from daskop.api.resources import PODS
from daskop.plan.actions import Create, Delete, Patch, Plan
from daskop.plan.names import Naming
from daskop.plan.observed import ObservedWorkerGroup
from daskop.plan.worker_group import ELSEWHERE, plan_worker_group
from tests.unit.builders import GROUP_UID, a_cluster, a_pod, a_worker_group, key

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ADDRESS = "tcp://c:8786"


def named(number: int) -> str:
    return Naming.worker("g", GROUP_UID, number)


def planned(replicas: int, pods: Sequence[Pod] = (), strangers: Sequence[str] = ()) -> Plan:
    taken = {*strangers, *(pod.meta.key.name for pod in pods)}
    group = a_worker_group(replicas=replicas)
    return plan_worker_group(ObservedWorkerGroup(group, a_cluster(), ADDRESS, pods, taken), NOW)


def creates(plan: Plan) -> list[Create]:
    return [action for action in plan.actions if isinstance(action, Create)]


def instead_of(create: Create) -> Create:
    assert create.instead is not None
    return create.instead()


def test_a_strangers_name_is_left_for_another_one() -> None:
    """
    The worker made instead differs in its name alone, which it is also told.
    """
    for number, first in enumerate(creates(planned(3))):
        second = instead_of(first)
        name = named(number + ELSEWHERE)
        env = {e["name"]: e["value"] for e in second.manifest["spec"]["containers"][0]["env"]}

        assert {"DASK_WORKER_NAME": name, "DASK_SCHEDULER_ADDRESS": ADDRESS} == env
        assert key(name) == second.key
        texts = [str(create.manifest).replace(create.key.name, "*") for create in (first, second)]
        assert (texts[0], first.owner) == (texts[1], second.owner)
        assert second.instead is None


@pytest.mark.parametrize(
    ("there", "strangers", "numbers"),
    [
        pytest.param([], [], [0, 1], id="none"),
        pytest.param([0, 2], [], [1, 3], id="a gap"),
        pytest.param([], [0], [1, 2], id="a stranger's"),
        pytest.param([ELSEWHERE], [], [1, 2], id="instead of a stranger's"),
        pytest.param([ELSEWHERE], [0], [1, 2], id="instead of a stranger's that is seen"),
        pytest.param([0, ELSEWHERE + 1, 3], [], [2, 4], id="one of each"),
        pytest.param([], [ELSEWHERE + 1], [0, 2], id="a stranger's elsewhere"),
    ],
)
def test_numbers_that_are_free(there: list[int], strangers: list[int], numbers: list[int]) -> None:
    """
    A number is free if nobody has its name, and nobody the name of what would be made instead.
    """
    pods = [a_pod(named(number)) for number in there]

    made = creates(planned(len(pods) + 2, pods, [named(number) for number in strangers]))

    assert [named(number) for number in numbers] == [create.key.name for create in made]
    assert [named(n + ELSEWHERE) for n in numbers] == [instead_of(c).key.name for c in made]


def test_a_worker_that_is_to_go_is_not_mended_before() -> None:
    """
    Of two workers whose labels somebody changed only the one that stays gets them back.
    """
    changed = PodLabels("c", "scheduler", "")
    stays, goes = a_pod("a", labels=changed), a_pod("b", labels=changed, ready=False)

    deletion, mending = planned(1, [stays, goes]).actions

    assert Delete(PODS, goes.meta.key, goes.meta.uid) == deletion
    assert isinstance(mending, Patch)
    assert stays.meta == mending.meta
