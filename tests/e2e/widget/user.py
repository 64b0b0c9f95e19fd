"""What tests do with Widgets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from daskop.api.wellknown import API_VERSION
from tests.e2e.cluster.controlplane.api import Api, Json, has_condition, path_of
from tests.e2e.controlplane.operator_process import OperatorProcess
from tests.e2e.widget.kind import WIDGET_LABEL, WIDGETS, a_widget

Start: TypeAlias = Callable[..., OperatorProcess]
"""Starts an operator for Widgets, with a kubeconfig and options."""

SETTLE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Widgets:
    """What a user does with the Widgets of one namespace, past any proxy."""

    api: Api
    namespace: str

    def path(self, name: str = "") -> str:
        """The path of one Widget, or of all."""
        return path_of(API_VERSION, WIDGETS.plural, self.namespace, name)

    def create(self, name: str, replicas: int) -> Json:
        """Create a Widget."""
        return self.api.create(self.path(), a_widget(name, replicas))

    def scale(self, name: str, replicas: int) -> None:
        """Change the number of a Widget's parts."""
        self.api.patch(self.path(name), {"spec": {"replicas": replicas}})

    def parts(self, name: str) -> list[Json]:
        """The parts of all Widgets that have, or had, this name."""
        return self.api.list(path_of("v1", "configmaps", self.namespace), f"{WIDGET_LABEL}={name}")

    def settle(self, name: str, replicas: int, within_seconds: float = SETTLE_SECONDS) -> Json:
        """
        Wait until a Widget's status tells so many parts, and return it.

        Raises:
            TimeoutError: If it does not.
        """
        return self.api.wait_for(
            self.path(name),
            lambda widget: has_condition(widget, "Ready") and widget["status"]["parts"] == replicas,
            f"{replicas} parts",
            within_seconds=within_seconds,
        )
