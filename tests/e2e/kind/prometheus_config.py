"""
What the Prometheus Operator makes of our monitors, as far as we use their fields.

So the monitors themselves are what the test proves, without the Prometheus Operator, whose image
no registry may be there to give.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from tests.docs.page import blocks
from tests.e2e.cluster.images import REPOSITORY

MONITORING = REPOSITORY / "manifests" / "overlays" / "monitoring"
NAMESPACE = "daskop-system"
"""Where the overlay puts the monitors, and a ServiceMonitor without a selector looks."""

TRANSLATED = {
    *("selector", "namespaceSelector", "endpoints", "podMetricsEndpoints"),
    *("port", "relabelings"),
}
"""The fields that have a meaning here; another one must not be passed over."""

Config = dict[str, Any]

_SERVICE_PORT = "__meta_kubernetes_endpoint_port_name"
_POD_PORT = "__meta_kubernetes_pod_container_port_name"

_POD_LABELS = {
    "__meta_kubernetes_namespace": "namespace",
    "__meta_kubernetes_pod_container_name": "container",
    "__meta_kubernetes_pod_name": "pod",
}
_SERVICE_LABELS = {**_POD_LABELS, "__meta_kubernetes_service_name": "service"}


def load(name: str) -> Config:
    """Return the object in one file of the overlay."""
    found: Config = yaml.safe_load((MONITORING / name).read_text())
    return found


def monitored() -> list[Config]:
    """Return the scrape configurations that ServiceMonitor and PodMonitor stand for."""
    service, pod = load("service-monitor.yaml"), load("pod-monitor.yaml")
    jobs = [
        _job(service, index, endpoint, "endpoints", _SERVICE_LABELS, _SERVICE_PORT)
        for index, endpoint in enumerate(service["spec"]["endpoints"])
    ]
    return jobs + [
        _job(pod, index, endpoint, "pod", _POD_LABELS, _POD_PORT)
        for index, endpoint in enumerate(pod["spec"]["podMetricsEndpoints"])
    ]


def documented() -> list[Config]:
    """Return the scrape configurations for a Prometheus without its operator in the docs."""
    texts = [block.text for block in blocks("docs/monitoring.md") if block.language == "yaml"]
    (text,) = (text for text in texts if text.startswith("scrape_configs:"))
    jobs: list[Config] = yaml.safe_load(text)["scrape_configs"]
    return jobs


def rules() -> str:
    """Return the rule groups as a file that Prometheus and promtool read."""
    return yaml.safe_dump(load("rules.yaml")["spec"])


def write_rules(folder: Path) -> Path:
    """Write the rule groups into *folder*, and return the file."""
    path = folder / "rules.yaml"
    path.write_text(rules())
    return path


def _job(
    monitor: Config, index: int, endpoint: Config, role: str, labels: dict[str, str], port: str
) -> Config:
    spec, metadata = monitor["spec"], monitor["metadata"]
    assert {*spec, *endpoint} <= TRANSLATED
    anywhere = spec.get("namespaceSelector", {}).get("any", False)
    discovery = {"role": role} if anywhere else {"role": role, "namespaces": {"names": [NAMESPACE]}}
    meta = f"__meta_kubernetes_{'pod' if role == 'pod' else 'service'}"
    relabelings: list[Config] = [
        *_selected(meta, spec["selector"]),
        {"action": "keep", "source_labels": [port], "regex": endpoint["port"]},
        *({"source_labels": [meta], "target_label": name} for meta, name in labels.items()),
        {"target_label": "endpoint", "replacement": endpoint["port"]},
    ]
    if role == "pod":  # filterRunning, which is on by default
        phase = "__meta_kubernetes_pod_phase"
        relabelings.append(
            {"action": "drop", "source_labels": [phase], "regex": "Failed|Succeeded"}
        )
    relabelings += [_relabeling(one) for one in endpoint.get("relabelings", [])]
    return {
        "job_name": f"{monitor['kind']}/{NAMESPACE}/{metadata['name']}/{index}",
        "kubernetes_sd_configs": [discovery],
        "relabel_configs": relabelings,
    }


def _selected(meta: str, selector: Config) -> list[Config]:
    """Translate a label selector, of which we use equality and In."""
    wanted = {name: [value] for name, value in selector.get("matchLabels", {}).items()}
    for expression in selector.get("matchExpressions", []):
        assert "In" == expression["operator"]
        wanted[expression["key"]] = expression["values"]
    return [
        {
            "action": "keep",
            "source_labels": [f"{meta}_label_{re.sub(r'[^a-zA-Z0-9_]', '_', name)}"],
            "regex": "|".join(map(re.escape, values)),
        }
        for name, values in wanted.items()
    ]


def _relabeling(one: Config) -> Config:
    """Translate a relabeling, whose fields have names of the same words."""
    return {re.sub(r"([A-Z])", lambda m: f"_{m[1].lower()}", key): one[key] for key in one}
