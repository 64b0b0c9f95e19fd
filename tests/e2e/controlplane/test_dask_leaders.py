"""Two operators that both take themselves for the leader: a lease is no fence."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.e2e.cluster.controlplane.api import Json
from tests.e2e.cluster.controlplane.audit import requests
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.controlplane.dask import GROUP, SEED, Dask
from tests.e2e.controlplane.dask_picture import (
    Picture,
    a_cluster,
    a_job,
    an_ended_job,
    settle,
)
from tests.e2e.controlplane.operator_process import OperatorProcess
from tests.e2e.controlplane.quiet import WRITES, Quiet
from tests.e2e.faults.proxy import FaultProxy
from tests.e2e.faults.weather import Weather

CLUSTER: Final = "simple-cluster"
JOB: Final = "simple-job"
CLUSTERS: Final = tuple(f"c{number}" for number in range(4))
JOBS: Final = tuple(f"j{number}" for number in range(3))

STEP_SECONDS: Final = 40.0
REST_SECONDS: Final = 3.0

pytestmark = [
    pytest.mark.timeout(180, func_only=True),
    pytest.mark.parametrize("leaders", [False, True], ids=["equal", "one late"], indirect=True),
]


class Leaders:
    """
    Two operators that work on the objects of one namespace.

    Args:
        proxies: What each of them goes through.
    """

    def __init__(self, dask: Dask, plane: ControlPlane, proxies: list[FaultProxy]) -> None:
        self._dask = dask
        self._plane = plane
        self._proxies = proxies

    def settle(self, wanted: Picture) -> None:
        """Wait until all is as wanted, and neither of them writes any more."""
        settle(self._dask, wanted, STEP_SECONDS)
        rest = Quiet(self._plane, self._dask.namespace, REST_SECONDS)
        self._dask.wait_for(rest, "rest", STEP_SECONDS)
        settle(self._dask, wanted, STEP_SECONDS)

    def made(self) -> Counter[str]:
        """How often each Pod was made."""
        return Counter(
            r.name
            for r in requests(self._plane.audit_log)
            if (r.verb, r.resource, r.namespace) == ("create", "pods", self._dask.namespace)
            and (r.user.endswith(":daskop"), r.code) == (True, 201)
        )

    def shares(self) -> list[int]:
        """How many writes of each of them took effect."""
        return [
            sum(seen.verb in WRITES and 200 <= seen.code < 300 for seen in proxy.seen())
            for proxy in self._proxies
        ]


@pytest.fixture
def leaders(
    request: pytest.FixtureRequest,
    dask: Dask,
    control_plane: ControlPlane,
    operator_kubeconfig: Path,
    custom_resources: None,  # noqa: ARG001 - their kinds must exist
) -> Iterator[Leaders]:
    """Two operators without an election; at the end both have done something."""
    with ExitStack() as stack:
        proxies = [stack.enter_context(FaultProxy(operator_kubeconfig)) for _ in range(2)]
        options = (f"--namespace={dask.namespace}",)
        for proxy in proxies:
            stack.enter_context(OperatorProcess(proxy.kubeconfig, options=options))
        if request.param:
            stack.enter_context(Weather(proxies[1], dask.namespace, {}, stale=True))
        leaders = Leaders(dask, control_plane, proxies)
        yield leaders
        assert all(leaders.shares())


def manifest(file: str, name: str) -> Json:
    """One of the seed's, under another name."""
    found: Json = yaml.safe_load((SEED / file).read_text())
    found["metadata"] = {"name": name}
    cluster = found["spec"].get("cluster", found)["spec"]
    del cluster["scheduler"]["service"]["selector"]
    return found


def test_two_make_nothing_twice(dask: Dask, leaders: Leaders) -> None:
    """
    Clusters and jobs that come at once have each Pod made once, and each runner runs once.
    """
    clusters = {k: v for name in CLUSTERS for k, v in a_cluster(name, 2).items()}
    jobs = {k: v for name in JOBS for k, v in a_job(name, 2).items()}
    for name in CLUSTERS:
        dask.create(manifest("cluster.yaml", name))
    for name in JOBS:
        dask.create(manifest("job.yaml", name))
    leaders.settle({**clusters, **jobs})
    made = leaders.made()

    for name in JOBS:
        dask.set_pod(f"{name}-runner", phase="Succeeded")
    ended = {k: v for name in JOBS for k, v in an_ended_job(name).items()}
    leaders.settle({**clusters, **ended})

    assert {1} == set(made.values())
    assert 3 * len(CLUSTERS) + 4 * len(JOBS) == made.total()
    runners = [f"{name}-runner" for name in JOBS]
    assert [1] * len(JOBS) == [leaders.made()[name] for name in runners]
    for plural, names in (("daskclusters", CLUSTERS), ("daskjobs", JOBS)):
        for name in names:
            dask.api.delete(dask.path(plural, name))
    leaders.settle({})


def test_two_scale_to_the_same_number(dask: Dask, leaders: Leaders) -> None:
    """
    From 0 to 20, to 5, to 12, with four that failed, and in haste, there are as many as wanted.
    """
    empty = manifest("cluster.yaml", CLUSTER)
    empty["spec"]["worker"]["replicas"] = 0
    dask.create(empty)
    leaders.settle(a_cluster(CLUSTER, 0))
    dask.scale("daskclusters", CLUSTER, 20)
    leaders.settle(a_cluster(CLUSTER, 20))
    first = leaders.made()
    for replicas in (5, 12):
        dask.scale("daskworkergroups", GROUP, replicas)
        leaders.settle(a_cluster(CLUSTER, replicas))
    for name in dask.worker_names()[:4]:
        dask.set_pod(name, phase="Failed", reason="Evicted")
    leaders.settle(a_cluster(CLUSTER, 12, failures=1))
    for replicas in (20, 5, 12):
        dask.scale("daskworkergroups", GROUP, replicas)
    leaders.settle(a_cluster(CLUSTER, 12, failures=1))

    assert (1 + 20, {1}) == (first.total(), set(first.values()))
    dask.api.delete(dask.path("daskclusters", CLUSTER))
    leaders.settle({})


def test_two_follow_a_name_that_is_used_again(dask: Dask, leaders: Leaders) -> None:
    """
    A cluster and a job that are deleted and applied again at once have nothing of the old ones.
    """
    wanted = {**a_cluster(CLUSTER, 2), **a_job(JOB, 2)}
    old: set[str] = set()
    for _ in range(2):
        dask.apply("cluster.yaml")
        dask.apply("job.yaml")
        leaders.settle(wanted)
        new = {pod["metadata"]["uid"] for pod in dask.api.list(dask.path("pods"))}
        assert old.isdisjoint(new)
        old = new
        dask.api.delete(dask.path("daskclusters", CLUSTER))
        dask.api.delete(dask.path("daskjobs", JOB))

    leaders.settle({})
    assert 2 == leaders.made()[f"{JOB}-runner"]
