"""Two replicas of the operator, of which one works, each with exactly the rights of the manifests."""

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from typing import Final

import pytest
import yaml

from daskop.settings import Settings
from tests.e2e.cluster.controlplane.api import path_of
from tests.e2e.cluster.controlplane.waiting import wait_until
from tests.e2e.cluster.operator import NAMESPACE
from tests.e2e.controlplane.dask import GROUP, SEED, Dask
from tests.e2e.controlplane.operator_process import OperatorProcess
from tests.e2e.controlplane.replica import Replica
from tests.e2e.faults.faults import Delay
from tests.e2e.faults.proxy import FaultProxy
from tests.e2e.faults.rules import Match, Rule
from tests.e2e.terminal import say

CLUSTER: Final = "simple-cluster"
LEASE: Final = path_of("coordination.k8s.io/v1", "leases", NAMESPACE, "daskop")

ENDED_SECONDS: Final = 3.0
"""The lease is released, and the other one looks every 1.2 to 1.5 s."""
KILLED_SECONDS: Final = 17.0
"""The other one sees the last renewal within 1.5 s, and counts 15 s from there."""

FEW: Final = 60
MANY: Final = 200
SOME: Final = 30
CREATE_SECONDS: Final = 0.6
"""What each create takes until both were replaced."""
HELD_SECONDS: Final = 8.0
"""What a create takes that the leader waits for when it stops: it takes effect within its lease."""
PARALLEL: Final = Settings().parallel_requests
"""Creates that are under way at a time."""


@pytest.fixture
def replicas(
    dask: Dask,
    operator_kubeconfig: Path,
    custom_resources: None,  # noqa: ARG001 - their kinds must exist
) -> Iterator[tuple[Replica, Replica]]:
    """The leader, with a cluster without workers, and a follower."""
    options = (
        f"--namespace={dask.namespace}",
        "--leader-election",
        f"--lease-namespace={NAMESPACE}",
    )
    with ExitStack() as stack:
        found = []
        for _ in range(2):
            proxy = stack.enter_context(FaultProxy(operator_kubeconfig))
            operator = stack.enter_context(OperatorProcess(proxy.kubeconfig, options=options))
            found.append(Replica(operator, proxy))
            wait_until(lambda: holder(dask), "a leader", within_seconds=20)
        manifest = yaml.safe_load((SEED / "cluster.yaml").read_text())
        manifest["spec"]["worker"]["replicas"] = 0
        dask.create(manifest)
        dask.wait_ready("daskclusters", CLUSTER)
        yield found[0], found[1]


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Print a figure, whatever becomes of the test."""
    return lambda line: say(request.config, f"{request.node.name}: {line}")


def holder(dask: Dask) -> str:
    """Who holds the lease; an empty string is nobody."""
    if not dask.api.exists(LEASE):
        return ""
    return str(dask.api.get(LEASE)["spec"].get("holderIdentity") or "")


def has_made(replica: Replica, count: int) -> bool:
    """Whether a replica has created so many Pods."""
    return len(replica.made()) >= count


def waits_for_answers(leader: Replica) -> bool:
    """
    Whether the first creates have their answers, and all others that it may send are held.
    """
    sent = [seen.at_monotonic for seen in leader.writes() if seen.code == 0]
    return (
        len(leader.made()) == FEW // 3
        and len(sent) == PARALLEL
        and min(sent) > monotonic() - HELD_SECONDS / 2
        and leader.has_settled()
    )


def has_just_renewed(leader: Replica, follower: Replica) -> bool:
    """Whether the leader has written the lease, and the follower has not looked at it since."""
    (*_, written), (*_, read) = (r.proxy.seen(resource="leases") for r in (leader, follower))
    return written.code == HTTPStatus.OK and read.at_monotonic < written.at_monotonic


def first_pod_seconds(dask: Dask, replica: Replica, since: float, within_seconds: float) -> float:
    """Ask for one worker more, and return how long after *since* the replica creates it."""
    before = len(replica.made())
    dask.scale("daskworkergroups", GROUP, len(dask.workers()) + 1)
    wait_until(lambda: replica.made()[before:], "a worker", within_seconds=within_seconds)
    return replica.made()[before].at_monotonic - since


@pytest.mark.parametrize(
    ("number", "bound"),
    [(signal.SIGTERM, ENDED_SECONDS), (signal.SIGKILL, KILLED_SECONDS)],
    ids=["SIGTERM", "SIGKILL"],
)
def test_the_other_takes_over(
    dask: Dask,
    replicas: tuple[Replica, Replica],
    tell: Callable[[str], None],
    number: signal.Signals,
    bound: float,
) -> None:
    """
    What is asked for right after the leader got a signal is done by the other one within a bound.
    """
    leader, follower = replicas
    # What a slow machine needs for the same with a leader there is no part of the take-over.
    usual = first_pod_seconds(dask, leader, monotonic(), 20)
    # The longest that it can take: 15 s count from when the other one sees the renewal.
    wait_until(partial(has_just_renewed, leader, follower), "a renewal", within_seconds=10)
    began = monotonic()
    leader.operator.signal(number)
    seconds = first_pod_seconds(dask, follower, began, bound + 20)
    tell(f"{seconds:.2f} s, with a leader there {usual:.2f} s")

    assert seconds - usual < bound
    assert 2 == len(dask.workers())


def test_one_that_was_stopped_past_its_lease_writes_nothing_when_it_wakes(
    dask: Dask, replicas: tuple[Replica, Replica]
) -> None:
    """
    SIGSTOP amid its work, another takes over, SIGCONT: it ends with 1, and without one more write.
    """
    leader, follower = replicas
    leader.proxy.add(Rule(Match("create", "pods", nth=FEW // 3), Delay(HELD_SECONDS)))
    dask.scale("daskworkergroups", GROUP, FEW)
    wait_until(partial(waits_for_answers, leader), "a wave of workers", within_seconds=20)
    leader.operator.signal(signal.SIGSTOP)
    dask.wait_for_workers(FEW)
    before = len(leader.writes())
    dask.scale("daskworkergroups", GROUP, FEW + 2)  # it will see that as soon as it wakes
    leader.operator.signal(signal.SIGCONT)
    code = leader.operator.wait_for_end(10)
    dask.wait_for_workers(FEW + 2)
    dask.wait_ready("daskworkergroups", GROUP)

    made = Counter(seen.name for replica in replicas for seen in replica.made())
    assert (1, before) == (code, len(leader.writes()))
    assert (1 + FEW + 2, {1}) == (made.total(), set(made.values()))
    assert len(follower.made()) > 2


@pytest.mark.timeout(120, func_only=True)
def test_a_rolling_restart_makes_no_worker_twice(
    dask: Dask, replicas: tuple[Replica, Replica], tell: Callable[[str], None]
) -> None:
    """
    One after the other ends amid its work on 200 workers, and starts again: none twice, none less.
    """
    for replica in replicas:
        replica.proxy.add(Rule(Match("create", "pods"), Delay(CREATE_SECONDS)))
    dask.scale("daskclusters", CLUSTER, MANY)
    for replica, other in (replicas, replicas[::-1]):
        wait_until(partial(has_made, replica, SOME), "its part", within_seconds=20)
        before = len(other.made())
        assert 0 == replica.operator.stop()
        assert len(dask.workers()) < MANY
        wait_until(partial(has_made, other, before + 1), "the other to act", within_seconds=5)
        replica.operator.start()
    for replica in replicas:
        replica.proxy.clear()
    dask.wait_ready("daskworkergroups", GROUP)

    asked = [seen for replica in replicas for seen in replica.proxy.seen("create", "pods")]
    codes = Counter(seen.code for seen in asked)
    made = Counter(seen.name for replica in replicas for seen in replica.made())
    tell(f"creates by answer: {dict(codes)}; by replica: {[len(r.made()) for r in replicas]}")
    assert MANY == len(dask.workers())
    assert (MANY + 1, {1}) == (made.total(), set(made.values()))
    assert {HTTPStatus.CREATED} == codes.keys()
    assert [] == [seen for replica in replicas for seen in replica.proxy.seen("delete", "pods")]
