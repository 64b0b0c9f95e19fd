"""The queries of our Grafana dashboards, as Grafana would send them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.e2e.kind.prometheus import Prometheus
from tests.e2e.kind.prometheus_config import MONITORING

DASHBOARDS = ("operator", "clusters")

RATE_INTERVAL = "5m"
"""What Grafana works out from the scrape interval and the width of a panel."""

INSTEAD = re.compile(r" or( on \(\))? vector\(0\)$")
"""What a panel shows instead of nothing."""

LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard as Grafana reads it."""

    model: dict[str, Any]

    @classmethod
    def load(cls, name: str) -> "Dashboard":
        """Read one of our dashboards."""
        return cls(json.loads((MONITORING / "dashboards" / f"{name}.json").read_text()))

    def variables(self, prometheus: Prometheus) -> dict[str, set[str]]:
        """Return what each variable offers, all others chosen."""
        found = {}
        for variable in self.model["templating"]["list"]:
            if "query" == variable["type"]:
                match = LABEL_VALUES.fullmatch(variable["query"]["query"])
                assert match
                expression, label = match.groups()
                series = prometheus.query(f"group by ({label}) ({filled(expression, {})})")
                found[variable["name"]] = {labels[label] for labels, _ in series if label in labels}
        return found

    def queries(self, chosen: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Give the title of each panel with each of its queries, but for the 0 if it has no data."""
        for panel in self.model["panels"]:
            for target in panel.get("targets", []):
                yield panel["title"], filled(INSTEAD.sub("", target["expr"]), chosen)


def filled(expression: str, chosen: Mapping[str, str]) -> str:
    """Put the choice into *expression*; what is not chosen is All."""
    values = {"namespace": ".*", "cluster": ".*", "__rate_interval": RATE_INTERVAL, **chosen}
    return re.sub(r"\$(\w+)", lambda match: values[match[1]], expression)
