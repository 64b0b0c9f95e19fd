"""Requests as Kubernetes sees them: verb, resource and name, from method, path and body."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

_OF_OBJECT: Final = {
    "GET": "get",
    "HEAD": "get",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_OF_COLLECTION: Final = {**_OF_OBJECT, "GET": "list", "HEAD": "list", "DELETE": "deletecollection"}
_TRUE: Final = frozenset({"1", "t", "true"})


@dataclass(frozen=True, slots=True)
class Seen:
    """
    One request that came to the proxy.

    Attributes:
        verb: What Kubernetes calls it; for what is no resource, the method in lower case.
        resource: Plural name; empty for the likes of ``/readyz``.
        namespace: Empty for what belongs to none, and for all namespaces.
        name: Of the object; for a create, from the body.
        subresource: ``status``, ``scale`` ...; mostly empty.
        query: The parameters behind the question mark.
        path: What is before it, as it was sent.
        body: As it was sent.
        at_monotonic: When it had come in wholly.
        code: HTTP status that the API server, or a rule in its place, answered; 0 before that.
    """

    verb: str
    resource: str
    namespace: str
    name: str
    subresource: str
    query: Mapping[str, str]
    path: str
    body: bytes = field(repr=False)
    at_monotonic: float
    code: int = 0

    @property
    def full_resource(self) -> str:
        """The resource with its subresource, as RBAC writes it: ``pods/status``."""
        return "/".join(filter(None, (self.resource, self.subresource)))


class RequestLog:
    """All requests in the order in which they came in. May be shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: list[Seen] = []

    def add(self, seen: Seen) -> int:
        """Write a request down and return its number."""
        with self._lock:
            self._seen.append(seen)
            return len(self._seen) - 1

    def answered(self, number: int, code: int) -> None:
        """Write down what a request was answered with."""
        with self._lock:
            self._seen[number] = replace(self._seen[number], code=code)

    def copy(self) -> list[Seen]:
        """Return what is written so far."""
        with self._lock:
            return list(self._seen)


def seen_of(method: str, target: str, body: bytes, at_monotonic: float) -> Seen:
    """Return what the request *method* *target* means to Kubernetes."""
    url = urlsplit(target)
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    resource, namespace, name, subresource = _object_of(url.path)
    verb = _verb(method, resource, name, query)
    if verb == "create" and not name:
        name = _name_in(body)
    return Seen(verb, resource, namespace, name, subresource, query, url.path, body, at_monotonic)


def _object_of(path: str) -> tuple[str, str, str, str]:
    """Return resource, namespace, name and subresource."""
    match [unquote(part) for part in path.strip("/").split("/")]:
        case ["api", _, *parts] | ["apis", _, _, *parts]:
            pass
        case _:
            parts = []
    namespace = ""
    match parts:
        case ["namespaces", namespace] | ["namespaces", namespace, "status" | "finalize"]:
            pass  # the namespace itself
        case ["namespaces", namespace, *parts]:
            pass
        case _:
            pass
    resource, name, *subresource = [*parts, "", ""][: max(2, len(parts))]
    return resource, namespace, name, "/".join(subresource)


def _verb(method: str, resource: str, name: str, query: Mapping[str, str]) -> str:
    if not resource:
        return method.lower()
    verb = (_OF_OBJECT if name else _OF_COLLECTION).get(method, method.lower())
    if verb == "list" and query.get("watch", "").lower() in _TRUE:
        return "watch"
    return verb


def _name_in(body: bytes) -> str:
    """Return the name of the object in *body*, or nothing if there is none."""
    try:
        content = json.loads(body)
    except ValueError:
        return ""
    match content:
        case {"metadata": {"name": str(name)}}:
            return name
        case _:
            return ""
