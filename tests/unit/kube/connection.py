"""A client of a scripted HTTP server."""

from dataclasses import dataclass
from typing import Any

from daskop.api.resources import PODS
from daskop.kube.client import Client
from daskop.kube.transport import Transport
from daskop.kube.watch import ResourceWatcher
from daskop.metrics import Metrics
from tests.unit.fakes.http_api import Answer, HttpApi, Request, Responder


@dataclass(frozen=True, slots=True)
class Connection:
    """A client, its parts, and the server."""

    api: HttpApi
    transport: Transport
    metrics: Metrics
    client: Client

    def watcher(self) -> ResourceWatcher:
        """A watcher of Pods with a label."""
        return ResourceWatcher(self.client, PODS, "a=b")


def refusing(code: int, reason: str = "", **headers: str) -> Any:
    """A server that refuses everything."""
    status = {"kind": "Status", "reason": reason, "message": f"because {code}"}
    return lambda _: Answer(code, status, headers=headers)


def in_turn(*responders: Responder) -> Responder:
    """A server that answers each request in another way."""
    left = iter(responders)

    def respond(request: Request) -> Answer:
        return next(left)(request)

    return respond
