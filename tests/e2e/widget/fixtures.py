"""Fixtures of tests of the engine; a test module names this one in ``pytest_plugins``."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.cluster.controlplane.api import Api
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.controlplane.custom_resources import apply_custom_resources
from tests.e2e.controlplane.operator_process import WIDGET, OperatorProcess
from tests.e2e.faults.proxy import FaultProxy
from tests.e2e.widget.kind import custom_resource_definition
from tests.e2e.widget.user import Start, Widgets


@pytest.fixture(scope="session")
def widget_crd(control_plane: ControlPlane) -> None:
    """The kind exists, and the garbage collector knows it."""
    apply_custom_resources(control_plane, [custom_resource_definition()])


@pytest.fixture
def widgets(api: Api, namespace: str, widget_crd: None) -> Widgets:  # noqa: ARG001 - must exist
    """The Widgets of the test's namespace."""
    return Widgets(api, namespace)


@pytest.fixture
def proxy(control_plane: ControlPlane) -> Iterator[FaultProxy]:
    """A proxy without rules."""
    with FaultProxy(control_plane.kubeconfig) as proxy:
        yield proxy


@pytest.fixture
def start(widget_crd: None) -> Iterator[Start]:  # noqa: ARG001 - as above
    """Start operators for Widgets, each with a kubeconfig and options of its own."""
    with ExitStack() as stack:

        def start(kubeconfig: Path, *options: str) -> OperatorProcess:
            return stack.enter_context(OperatorProcess(kubeconfig, WIDGET, options))

        yield start
