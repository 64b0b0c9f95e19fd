"""One control plane per session, one namespace per test, one operator per module."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.cluster.controlplane.api import Api
from tests.e2e.cluster.controlplane.options import Options
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.cluster.operator import NAMESPACE
from tests.e2e.controlplane import rights
from tests.e2e.controlplane.custom_resources import apply_custom_resources
from tests.e2e.controlplane.dask import Dask
from tests.e2e.controlplane.namespaces import own_namespace
from tests.e2e.controlplane.operator_process import OperatorProcess
from tests.e2e.faults.proxy import FaultProxy
from tests.e2e.terminal import say


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the operators' logs below a test that failed."""
    report = yield
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, OperatorProcess):
                report.sections.append((f"operator log {value.log}", value.log_tail()))
    return report


@pytest.fixture(scope="session")
def control_plane(request: pytest.FixtureRequest) -> Iterator[ControlPlane]:
    """A control plane from nothing, with an audit log, for the whole session."""
    with ControlPlane(Options(audit=True)) as plane:
        say(request.config, f"control plane ready after {plane.start_seconds:.1f} s")
        yield plane


@pytest.fixture(scope="session")
def api(control_plane: ControlPlane) -> Api:
    """The API server of the session's control plane, asked with all rights."""
    return control_plane.api


@pytest.fixture
def namespace(api: Api) -> Iterator[str]:
    """A namespace of the test's own, in which Pods can be made."""
    with own_namespace(api) as name:
        yield name


@pytest.fixture
def dask(api: Api, namespace: str) -> Dask:
    """An empty namespace."""
    return Dask(api, namespace)


@pytest.fixture(scope="session")
def custom_resources(control_plane: ControlPlane) -> None:
    """The CRDs of the repository, established and known to the garbage collector."""
    apply_custom_resources(control_plane)


@pytest.fixture(scope="session")
def operator_kubeconfig(control_plane: ControlPlane) -> Path:
    """A kubeconfig of the operator's own user, with exactly the rights that the manifests give."""
    rights.grant(control_plane.api)
    return control_plane.kubeconfig_for(NAMESPACE, rights.ACCOUNT)


@pytest.fixture(scope="session")
def start_operator(
    operator_kubeconfig: Path,
    custom_resources: None,  # noqa: ARG001 - the operator's kinds must exist
) -> Callable[..., OperatorProcess]:
    """Make an operator that runs inside a ``with`` block, for tests that need their own."""
    return lambda *options: OperatorProcess(operator_kubeconfig, options=options)


@pytest.fixture(scope="module")
def operator(start_operator: Callable[..., OperatorProcess]) -> Iterator[OperatorProcess]:
    """A running operator, for the tests of one module; it leads, as one of a Deployment does."""
    with ExitStack() as stack:
        options = ("--leader-election", f"--lease-namespace={NAMESPACE}")
        yield stack.enter_context(start_operator(*options))


@pytest.fixture
def operator_proxy(operator_kubeconfig: Path) -> Iterator[FaultProxy]:
    """What is between the API server and an operator of the test's own."""
    with FaultProxy(operator_kubeconfig) as proxy:
        yield proxy


@pytest.fixture
def proxied_operator(
    operator_proxy: FaultProxy,
    namespace: str,
    custom_resources: None,  # noqa: ARG001 - the operator's kinds must exist
) -> Iterator[OperatorProcess]:
    """An operator behind the proxy, for the test's namespace only."""
    options = (f"--namespace={namespace}",)
    with OperatorProcess(operator_proxy.kubeconfig, options=options) as operator:
        yield operator
