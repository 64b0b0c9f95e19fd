"""One kind cluster per session, with the operator in it; one namespace per test."""

import secrets
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.cluster.kind import Kind
from tests.e2e.cluster.operator import DEPLOYMENT, NAMESPACE
from tests.e2e.cluster.progress import PlainReporter
from tests.e2e.cluster.tool import Tool
from tests.e2e.kind.kubectl import Kubectl
from tests.e2e.terminal import say

CLUSTER = "daskop-test"
"""Not the demo's: that one may be in use."""

OBJECTS = "daskclusters,daskworkergroups,daskjobs,pods,services"
"""By their names: a kubectl that has not met the kinds yet does not know the category ``dask``."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the cluster looked like below a test that failed."""
    report = yield
    arguments = getattr(item, "funcargs", {}).values()
    kubectl = next((value for value in arguments if isinstance(value, Kubectl)), None)
    if report.failed and kubectl is not None:
        report.sections.append(("objects", kubectl.ask("get", OBJECTS).output))
        logs = ("--namespace", NAMESPACE, "logs", DEPLOYMENT, "--tail=40")
        report.sections.append(("operator log", kubectl.ask(*logs).output))
    return report


@pytest.fixture(scope="session")
def kind_cluster(request: pytest.FixtureRequest) -> Iterator[Kind]:
    """A kind cluster from nothing, with the operator in it; it is removed at the end."""
    tool = Tool.make(PlainReporter(lambda line: say(request.config, line)))
    try:
        with tool.up(CLUSTER, fresh=True) as cluster:
            tool.deploy(cluster)
            yield cluster
    finally:
        tool.down(CLUSTER)


@pytest.fixture
def kubectl(kind_cluster: Kind) -> Iterator[Kubectl]:
    """Kubectl in a namespace of the test's own."""
    with _namespace(kind_cluster) as namespace:
        yield Kubectl(kind_cluster, namespace)


@pytest.fixture(scope="module")
def simple_cluster(kind_cluster: Kind) -> Iterator[Kubectl]:
    """The seed's cluster.yaml, ready, for the tests of a module that leave it as they found it."""
    with _namespace(kind_cluster) as namespace:
        kubectl = Kubectl(kind_cluster, namespace)
        kubectl.apply("cluster.yaml")
        kubectl.wait_ready("daskcluster/simple-cluster")
        yield kubectl


@pytest.fixture
def in_default(kind_cluster: Kind) -> Kubectl:
    """Kubectl in the namespace that the seed's job names."""
    return Kubectl(kind_cluster, "default")


@contextmanager
def _namespace(cluster: Kind) -> Iterator[str]:
    name = f"test-{secrets.token_hex(4)}"
    cluster.do("create", "namespace", name)
    try:
        yield name
    finally:
        cluster.do("delete", "namespace", name, "--wait=false")
