"""A real Prometheus finds operator and Dask, fills the dashboards, and has nothing to alert of."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pytest

from tests.e2e.cluster.controlplane.waiting import wait_until
from tests.e2e.cluster.kind import Kind
from tests.e2e.cluster.operator import NAMESPACE
from tests.e2e.kind.kubectl import Kubectl
from tests.e2e.kind.prometheus import PORTS, Prometheus, restricted_namespace, servers
from tests.e2e.kind.prometheus_config import load
from tests.e2e.kind.prometheus_dashboard import DASHBOARDS, Dashboard

CLUSTER = "watched"
GROUP = "watched-default-worker-group"
MANIFEST = Path(__file__).with_name("prometheus_dask.yaml")

EMPTY_IN_HEALTH = {"Alerts", "Failed requests", "Spilled to disk and read back"}
"""Panels that show 0 for want of anything to show."""

T = TypeVar("T")

SOME_WORK = """\
from dask.distributed import Client, wait

with Client("tcp://localhost:8786") as client:
    client.wait_for_workers(2)
    squares = client.map(lambda x: x * x, range(100))
    total = client.submit(sum, squares)
    print(total.result())
"""


@pytest.fixture(scope="module")
def both(kind_cluster: Kind) -> Iterator[dict[str, Prometheus]]:
    """The two servers, which know the operator before there is a Dask cluster: they see it come."""
    with servers(kind_cluster) as found:
        for server in found.values():
            wait_until(server.up, "the operator to be scraped", within_seconds=60, every=0.5)
        yield found


@pytest.fixture(scope="module")
def dask(kind_cluster: Kind, both: dict[str, Prometheus]) -> Iterator[Kubectl]:
    """A Dask cluster that has computed something while *both* looked on."""
    assert set(PORTS) == set(both)
    with restricted_namespace(kind_cluster, "test") as kubectl:
        kubectl.do("apply", "--filename", str(MANIFEST))
        kubectl.wait_ready(f"daskcluster/{CLUSTER}")
        assert "328350\n" == kubectl.python(f"{CLUSTER}-scheduler", SOME_WORK)
        yield kubectl


@pytest.fixture(params=PORTS)
def prometheus(request: pytest.FixtureRequest, both: dict[str, Prometheus]) -> Prometheus:
    """Each of the two."""
    return both[request.param]


def settles(expected: T, ask: Callable[[], T]) -> None:
    """Wait until *ask* gives *expected*; a failure shows the difference."""
    with suppress(TimeoutError):
        wait_until(lambda: expected == ask(), "", within_seconds=30, every=0.5)
    assert expected == ask()


def test_operator_and_dask_are_found(prometheus: Prometheus, dask: Kubectl) -> None:
    """
    Operator, scheduler and both workers answer, under the names of cluster and group.
    """
    system = Kubectl(dask.cluster, NAMESPACE)
    operators = {
        pod["metadata"]["name"] for pod in system.list("pods", "app.kubernetes.io/name=daskop")
    }
    workers = dask.wait_for_workers(GROUP, 2)
    expected = {
        *(("daskop", pod, "", "") for pod in operators),
        ("dask", f"{CLUSTER}-scheduler", CLUSTER, ""),
        *(("dask", pod, CLUSTER, GROUP) for pod in workers),
    }

    def ours() -> set[tuple[str, str, str, str]]:
        return {target for target in prometheus.up() if target[2] in {"", CLUSTER}}

    settles(expected, ours)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_panel_shows_something(prometheus: Prometheus, dask: Kubectl, name: str) -> None:
    """
    Each query of each panel, and of each variable, returns numbers from the running system.
    """
    dashboard = Dashboard.load(name)
    namespace = {"operator": NAMESPACE, "clusters": dask.namespace}[name]
    chosen = {"namespace": namespace, "cluster": CLUSTER}
    for label, values in dashboard.variables(prometheus).items():
        assert chosen[label] in values

    def empty() -> set[str]:
        queries = dashboard.queries(chosen)
        return {what for what, query in queries if not prometheus.query(query)}

    settles(set[str](), lambda: empty() - EMPTY_IN_HEALTH)


@pytest.mark.usefixtures("dask")
def test_nothing_fires_in_health(prometheus: Prometheus) -> None:
    """
    Every rule has been evaluated without an error, and no alert fires or is about to.
    """
    groups = load("rules.yaml")["spec"]["groups"]
    expected = {rule["alert"]: ("ok", "inactive") for group in groups for rule in group["rules"]}

    def states() -> dict[str, tuple[str, str]]:
        return {rule["name"]: (rule["health"], rule["state"]) for rule in prometheus.rules()}

    settles(expected, states)
