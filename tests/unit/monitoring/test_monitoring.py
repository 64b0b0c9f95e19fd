"""The monitoring overlay: alerts that can be acted on, dashboards that ask for what is served."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from daskop.metrics import Metrics

ROOT = Path(__file__).parents[3]
OVERLAY = ROOT / "manifests" / "overlays" / "monitoring"
RUNBOOKS = ROOT / "docs" / "runbooks"
CASES = ROOT / "tests" / "e2e" / "kind" / "alerts"
DASHBOARDS = sorted((OVERLAY / "dashboards").glob("*.json"))
SUFFIX = re.compile(r"_(bucket|sum|count)$")
OURS = re.compile(r"\b(?:daskop|workqueue|rest_client)_\w+")


def alerts() -> list[dict[str, Any]]:
    """All alerts."""
    groups = yaml.safe_load((OVERLAY / "rules.yaml").read_text())["spec"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def queries(dashboard: Path) -> list[str]:
    """All queries of all panels."""
    panels = json.loads(dashboard.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


def served() -> set[str]:
    """The names of the operator's metrics."""
    metrics = Metrics()
    metrics.add_workers(list)
    families = metrics.registry.collect()
    return {f"{f.name}_total" if f.type == "counter" else f.name for f in families}


def asked_for(query: str) -> set[str]:
    """The names of the operator's metrics in *query*."""
    return {SUFFIX.sub("", name) for name in OURS.findall(query)}


def test_each_alert_has_a_page_and_each_page_an_alert() -> None:
    """
    Whoever is woken finds what to do, and no page speaks of an alert that is gone.
    """
    pages = {f"docs/runbooks/{page.name}" for page in RUNBOOKS.iterdir()}

    assert pages == {alert["annotations"]["runbook_url"] for alert in alerts()}
    assert {Path(page).stem for page in pages} == {alert["alert"] for alert in alerts()}


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_each_alert_says_how_bad_and_what(alert: dict[str, Any]) -> None:
    """
    Severity, summary and description are there, and the page has the alert as its title.
    """
    page = (ROOT / alert["annotations"]["runbook_url"]).read_text()

    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert {"summary", "description", "runbook_url"} == alert["annotations"].keys()
    assert page.startswith(f"# {alert['alert']}\n")
    for part in ("Meaning", "Impact", "Look", "Mend"):
        assert f"**{part}.**" in page


def test_each_alert_is_tested_both_ways() -> None:
    """
    The cases for promtool make every alert fire, and have every alert stay silent.
    """
    fires, silent = set(), set()
    for file in CASES.iterdir():
        for case in yaml.safe_load(file.read_text())["tests"]:
            tested = case["alert_rule_test"]
            fired = {one["alertname"] for one in tested if "exp_alerts" in one}
            fires |= fired
            silent |= {one["alertname"] for one in tested} - fired

    assert ({alert["alert"] for alert in alerts()},) * 2 == (fires, silent)


def test_only_metrics_that_are_served_are_asked_for() -> None:
    """
    No alert and no panel rests on a metric of the operator that does not exist.
    """
    wanted = [alert["expr"] for alert in alerts()]
    wanted += [query for dashboard in DASHBOARDS for query in queries(dashboard)]

    assert set().union(*map(asked_for, wanted)) <= served()


def test_every_metric_of_passes_queues_requests_and_caches_is_shown() -> None:
    """
    The dashboards leave out only what another panel says better.
    """
    asked = [query for dashboard in DASHBOARDS for query in queries(dashboard)]
    shown = set().union(*map(asked_for, asked))
    ours = {name for name in served() if OURS.match(name)}

    said_better = {
        "daskop_informer_synced",  # an alert, and the Pod is not ready
        "workqueue_unfinished_work_seconds",  # the longest says which pass hangs
        "workqueue_work_duration_seconds",  # the same as the duration of a pass
    }
    assert said_better == ours - shown


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_fits_every_grafana(dashboard: Path) -> None:
    """
    The data source is the user's choice, each panel has an id of its own, and none overlap.
    """
    model = json.loads(dashboard.read_text())
    panels = model["panels"]
    chosen = {"type": "prometheus", "uid": "${datasource}"}

    assert len(panels) == len({panel["id"] for panel in panels})
    assert "datasource" == model["templating"]["list"][0]["type"]
    for panel in panels:
        for part in [*panel.get("targets", []), *([] if panel["type"] == "row" else [panel])]:
            assert chosen == part["datasource"]
    cells = [
        (x, y)
        for grid in (panel["gridPos"] for panel in panels)
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
