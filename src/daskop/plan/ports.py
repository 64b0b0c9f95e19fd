"""The scheduler's two ports, found by name in what the user wrote."""

from collections.abc import Iterable
from typing import Any

from daskop.api.meta import Manifest
from daskop.api.wellknown import COMM_NAMES

COMM_PORT = 8786
DASHBOARD_NAMES = ("dashboard", "http-dashboard")
DASHBOARD_PORT = 8787


def named_port(ports: Iterable[Manifest] | None, names: tuple[str, ...]) -> Manifest | None:
    """The first port with one of *names*."""
    return next((port for port in ports or () if port.get("name") in names), None)


def service_ports(scheduler: Manifest) -> list[dict[str, Any]]:
    """The Service's ports for a scheduler's PodSpec, when the user's ServiceSpec has none."""
    declared = [port for c in scheduler["containers"] for port in c.get("ports") or ()]
    ports = []
    # The Service always has both, under the usual numbers, wherever the scheduler listens.
    for names, number in ((COMM_NAMES, COMM_PORT), (DASHBOARD_NAMES, DASHBOARD_PORT)):
        port = named_port(declared, names)
        target = port.get("containerPort", number) if port else number
        ports.append({"name": names[0], "protocol": "TCP", "port": number, "targetPort": target})
    return ports


def comm_port(service: Manifest) -> int:
    """The port of the user's ServiceSpec that workers and clients connect to."""
    port = named_port(service.get("ports"), COMM_NAMES)
    return int(port["port"]) if port else COMM_PORT
