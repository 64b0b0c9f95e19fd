"""``python -m tests.e2e.widget``: an operator for Widgets, on the same engine as the Dask operator."""

import argparse
import faulthandler
import signal
from pathlib import Path

from daskop import log
from daskop.api.meta import NamespacedName
from daskop.cache.store import Lister, Store, by_controller
from daskop.engine import Engine
from daskop.runtime.executor import PlanExecutor
from daskop.runtime.handlers import enqueue_owner, enqueue_self
from daskop.runtime.reconciler import Result
from daskop.settings import Address, Settings
from tests.e2e.widget.kind import PARTS, WIDGET_LABEL, WIDGETS, Part, Widget
from tests.e2e.widget.plan import ObservedWidget, plan_widget

BY_OWNER = "owner"


class WidgetReconciler:
    """The parts of a Widget."""

    name = "widget"

    def __init__(self, widgets: Lister[Widget], parts: Store[Part], executor: PlanExecutor) -> None:
        self._widgets = widgets
        self._parts = parts
        self._executor = executor

    def reconcile(self, key: NamespacedName) -> Result:
        """Make one pass over the Widget *key*."""
        widget = self._widgets.get(key)
        if widget is None:
            return Result()
        parts = tuple(self._parts.by_index(BY_OWNER, widget.meta.uid))
        observed = ObservedWidget(widget, parts, set(self._parts.snapshot()))
        plan = plan_widget(observed, self._executor.now())
        return self._executor.execute(WIDGETS, widget, plan)


def run(settings: Settings) -> None:
    """Work until SIGTERM."""
    engine = Engine(settings)
    parts: Store[Part] = Store({BY_OWNER: by_controller})
    widgets: Store[Widget] = Store()
    of_widgets = engine.informer(WIDGETS, widgets, Widget.parse)
    of_parts = engine.informer(PARTS, parts, Part.parse, WIDGET_LABEL)
    controller = engine.controller(WidgetReconciler(widgets, parts, engine.executor))
    of_widgets.add_handler(enqueue_self(controller.queue))
    of_parts.add_handler(enqueue_owner(controller.queue, WIDGETS.kind))
    engine.run()


def main() -> None:
    """Read the command line, which is that of ``daskop run``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--health-address", type=Address.parse, required=True)
    parser.add_argument("--metrics-address", type=Address.parse, required=True)
    parser.add_argument("--log-format", choices=["json"], required=True)
    parser.add_argument("--lease-namespace", default="")
    options = parser.parse_args()
    faulthandler.register(signal.SIGUSR1)
    log.configure(options.log_format)
    run(
        Settings(
            kubeconfig=options.kubeconfig,
            health=options.health_address,
            metrics=options.metrics_address,
            lease_namespace=options.lease_namespace,
            lease_name="widgets",
        )
    )


if __name__ == "__main__":
    main()
