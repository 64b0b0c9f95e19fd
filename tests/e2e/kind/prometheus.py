"""Prometheus in a namespace of its own, and what its HTTP API tells."""

import json
import math
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
import yaml

from tests.e2e.cluster.cache import Cache
from tests.e2e.cluster.images import PROMETHEUS_IMAGE, prometheus_image
from tests.e2e.cluster.kind import Kind
from tests.e2e.cluster.registry import registry_answers
from tests.e2e.cluster.workshop import Workshop
from tests.e2e.kind.kubectl import Kubectl
from tests.e2e.kind.prometheus_config import Config, documented, monitored, rules

SERVER = Path(__file__).with_name("prometheus_server.yaml")

PORTS = {"monitors": 9090, "documented": 9091}
"""Of the two servers in the Pod, by where their scrape configuration comes from."""

SCRAPE_SECONDS = 2

RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"

RIGHTS = {"apiGroups": [""], "resources": ["pods", "services", "endpoints"]}
"""What discovery reads; no more than a Prometheus of the user's has."""


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A server that answers at a port of this machine."""

    port: int

    def ask(self, path: str, **parameters: str) -> Any:
        """Return the data of an answer of the HTTP API; an error fails the test."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}"
        response = urllib3.request("GET", url, fields=parameters, timeout=10, retries=False)
        answer = json.loads(response.data)
        assert "success" == answer["status"], (parameters, answer)
        return answer["data"]

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Return labels and value of each series that has a number now."""
        result = self.ask("query", query=expression)["result"]
        series = [(one["metric"], float(one["value"][1])) for one in result]
        return [(labels, value) for labels, value in series if not math.isnan(value)]

    def up(self) -> set[tuple[str, str, str, str]]:
        """Return job, Pod, cluster and group of each target that answers."""
        return {
            (m["job"], m["pod"], m.get("dask_cluster", ""), m.get("worker_group", ""))
            for m, value in self.query("up")
            if 1 == value
        }

    def rules(self) -> list[Config]:
        """Return the rules with their state."""
        return [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]


def provide_image(cluster: Kind) -> None:
    """Build the image if it is missing."""
    cache = Cache()
    prometheus_image(Workshop(cluster.docker, cluster.runner, cache, registry_answers()))


@contextmanager
def restricted_namespace(cluster: Kind, prefix: str) -> Iterator[Kubectl]:
    """Give kubectl in a new namespace that enforces Pod Security "restricted"."""
    name = f"{prefix}-{secrets.token_hex(4)}"
    cluster.do("create", "namespace", name)
    try:
        cluster.do("label", "namespace", name, RESTRICTED)
        yield Kubectl(cluster, name)
    finally:
        cluster.do("delete", "namespace", name, "--wait=false")


@contextmanager
def servers(cluster: Kind) -> Iterator[dict[str, Prometheus]]:
    """Run the two servers, and give them by where their scrape configuration comes from."""
    provide_image(cluster)
    cluster.load((PROMETHEUS_IMAGE,))
    with ExitStack() as stack:
        kubectl = stack.enter_context(restricted_namespace(cluster, "prometheus"))
        stack.enter_context(_rights(kubectl))
        kubectl.do("apply", "--filename=-", stdin=yaml.safe_dump(_files()))
        kubectl.do("apply", "--filename", str(SERVER))
        kubectl.wait_ready("pod/prometheus", seconds=60)
        forward = kubectl.port_forward
        yield {
            name: Prometheus(stack.enter_context(forward("pod/prometheus", port)))
            for name, port in PORTS.items()
        }


def _files() -> Config:
    """Return the ConfigMap with a configuration for each server, and our rules."""
    often = {"scrape_interval": f"{SCRAPE_SECONDS}s", "evaluation_interval": f"{SCRAPE_SECONDS}s"}
    jobs = {"monitors": monitored(), "documented": documented()}
    data = {
        f"{name}.yaml": yaml.safe_dump(
            {"global": often, "rule_files": ["rules.yaml"], "scrape_configs": scraped}
        )
        for name, scraped in jobs.items()
    }
    data["rules.yaml"] = rules()
    metadata = {"name": "prometheus"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


@contextmanager
def _rights(kubectl: Kubectl) -> Iterator[None]:
    """Let the servers find targets in all namespaces."""
    name = kubectl.namespace
    rbac = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": name}}
    role = {**rbac, "kind": "ClusterRole", "rules": [{**RIGHTS, "verbs": ["list", "watch"]}]}
    group = "rbac.authorization.k8s.io"
    binding = {
        **rbac,
        "kind": "ClusterRoleBinding",
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": "prometheus", "namespace": name}],
    }
    kubectl.do("apply", "--filename=-", stdin=yaml.safe_dump_all([role, binding]))
    try:
        yield
    finally:
        kubectl.do("delete", "clusterrole,clusterrolebinding", name)
