"""The whole life of Dask objects while requests get lost, are refused, and caches are stale."""

from collections import Counter
from collections.abc import Sequence
from time import monotonic
from typing import Final

import pytest

from tests.e2e.cluster.controlplane.audit import requests
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.controlplane.dask import Dask
from tests.e2e.controlplane.dask_life import CLUSTER, END, JOB, LIFE, PODS_MADE, WRITES
from tests.e2e.controlplane.dask_picture import a_cluster, a_job, an_ended_job, settle
from tests.e2e.controlplane.quiet import Quiet
from tests.e2e.controlplane.worker_history import WorkerHistory
from tests.e2e.faults.faults import Answer, HoldEvents, LoseAnswer, Refuse, RequestFault
from tests.e2e.faults.proxy import FaultProxy
from tests.e2e.faults.rules import Match, Rule
from tests.e2e.faults.weather import WATCH, Kind, Weather

STEP_SECONDS: Final = 40.0
REST_SECONDS: Final = 3.0
LATE_SECONDS: Final = 5.0

SICK: Final = (
    Answer(500, "InternalError"),
    Answer(503, "ServiceUnavailable"),
    Answer(429, "TooManyRequests"),
)


CONFLICTS: Final = {
    "create": (Answer(409, "AlreadyExists"),),
    "patch": (Answer(409, "Conflict"),),
    "delete": (),  # a test of its own
}


WEATHERS: Final = {
    "lost answers": ({kind: (LoseAnswer(),) for kind in WRITES}, False),
    "cut off": ({kind: (Refuse(), Refuse()) for kind in WRITES}, False),
    "refused": ({kind: (*CONFLICTS[kind[0]], *SICK) for kind in WRITES}, False),
    "stale": ({}, True),
    "all of it": ({kind: (LoseAnswer(), SICK[0]) for kind in WRITES}, True),
}


@pytest.mark.usefixtures("proxied_operator")
@pytest.mark.timeout(240, func_only=True)
@pytest.mark.parametrize(("faults", "stale"), WEATHERS.values(), ids=WEATHERS)
def test_a_life_in_bad_weather(
    control_plane: ControlPlane,
    dask: Dask,
    operator_proxy: FaultProxy,
    faults: dict[Kind, Sequence[RequestFault]],
    stale: bool,
) -> None:
    """
    All ends as without faults: each Pod made once, never too many workers, true statuses, and rest.
    """
    rest = Quiet(control_plane, dask.namespace, REST_SECONDS)
    fired: Counter[Kind] = Counter()
    with WorkerHistory(dask, control_plane.kubeconfig) as history:
        for steps in (LIFE, END):
            with Weather(operator_proxy, dask.namespace, faults, stale=stale) as weather:
                for step in steps:
                    weather.change()
                    step.act(dask)
                    settle(dask, step.wanted, STEP_SECONDS)
            dask.wait_for(rest, "rest")
            settle(dask, steps[-1].wanted, 0)
            fired += weather.fired
            made = pods_made(control_plane, dask.namespace)
            if steps is LIFE:
                assert (PODS_MADE, {1}) == (made.total(), set(made.values())), made
        assert [] == history.too_many()
    assert {*faults, *([WATCH] if stale else [])} == set(+fired)


@pytest.mark.usefixtures("proxied_operator")
def test_what_is_gone_is_not_made_again_and_again(
    control_plane: ControlPlane, dask: Dask, operator_proxy: FaultProxy
) -> None:
    """
    While the operator is not told that a cluster is deleted, it makes each of its Pods once at most.
    """
    dask.apply("cluster.yaml")
    settle(dask, a_cluster(CLUSTER, 2), STEP_SECONDS)
    for plural in ("daskclusters", "daskworkergroups"):
        operator_proxy.add(Rule(Match("watch", plural, namespace=dask.namespace), HoldEvents()))

    dask.api.delete(dask.path("daskclusters", CLUSTER))
    began = monotonic()
    dask.wait_for(lambda: monotonic() - began > LATE_SECONDS, "some passes")
    operator_proxy.clear()

    settle(dask, {}, STEP_SECONDS)
    made = pods_made(control_plane, dask.namespace)
    assert made.total() <= 3 * 2, made


@pytest.mark.usefixtures("proxied_operator")
def test_a_conflict_at_a_delete_is_no_proof(dask: Dask, operator_proxy: FaultProxy) -> None:
    """
    A cluster of an ended job whose deletion is answered with a conflict is deleted all the same.
    """
    dask.apply("job.yaml")
    settle(dask, a_job(JOB, 2), STEP_SECONDS)
    match = Match("delete", "daskclusters", namespace=dask.namespace)
    rule = operator_proxy.add(Rule(match, Answer(409, "Conflict"), times=1))

    dask.set_pod(f"{JOB}-runner", phase="Succeeded")

    settle(dask, an_ended_job(JOB), 20)
    assert 1 == rule.fired


def pods_made(plane: ControlPlane, namespace: str) -> Counter[str]:
    """How often the operator has made each Pod."""
    return Counter(
        r.name
        for r in requests(plane.audit_log)
        if (r.verb, r.resource, r.namespace, r.code) == ("create", "pods", namespace, 201)
        and r.user.endswith(":daskop")
    )
