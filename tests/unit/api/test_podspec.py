"""What is kept of a user's PodSpec."""

import json
from typing import Any

import pytest

from daskop.api.cluster import CLUSTER
from daskop.api.podspec import DEEPEST
from daskop.plan.actions import Create
from daskop.plan.cluster import plan_cluster
from daskop.plan.observed import ObservedCluster
from tests.unit.builders import POD_SPEC
from tests.unit.plan.ends import NOW

METADATA = {"namespace": "ns", "name": "c", "uid": "u", "resourceVersion": "1"}


def nested(levels: int, *, lists: bool) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value] if lists else {"a": value}
    return value


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@pytest.mark.parametrize("lists", [False, True])
@pytest.mark.parametrize(("levels", "kept"), [(15, 15), (199, 199), (200, 199), (1000, 199)])
def test_what_is_nested_too_deeply_is_cut(levels: int, kept: int, lists: bool) -> None:
    """
    A PodSpec that pydantic or json could not write again is cut where no field of a Pod lies.
    """
    deep = {**POD_SPEC, "x": nested(levels, lists=lists)}
    spec = {"worker": {"spec": deep}, "scheduler": {"spec": deep}}
    cluster = CLUSTER.parse({"metadata": METADATA, "spec": spec})

    plan = plan_cluster(ObservedCluster(cluster, None, None, None), NOW)

    assert kept == depth(cluster.spec.worker.spec["x"])
    assert (levels < DEEPEST) is (deep == cluster.spec.scheduler.spec)
    made = [action.manifest for action in plan.actions if isinstance(action, Create)]
    assert made == json.loads(json.dumps(made))
    assert 3 == len(made)
