"""Verbs of the API on plain JSON."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from daskop.api.meta import Manifest, NamespacedName
from daskop.api.resources import Resource
from daskop.api.wellknown import FIELD_MANAGER
from daskop.errors import ConnectionFailedError
from daskop.kube.failure import decoded, failure
from daskop.kube.transport import Transport
from daskop.metrics import Metrics

MERGE_PATCH = "application/merge-patch+json"
PAGE = 500
"""Objects in one answer of a list: bounds the memory of the first one (client-go's number)."""

LIST_SECONDS = 60.0


class Client:
    """What the operator asks of the API server. Safe to share between threads."""

    def __init__(self, transport: Transport, metrics: Metrics) -> None:
        self._transport = transport
        self._metrics = metrics

    def get(self, resource: Resource, key: NamespacedName) -> Manifest:
        """
        Read one object from the server, not from a cache.

        Raises:
            NotFoundError: If there is none.
        """
        return self._send("GET", resource, resource.path(key.namespace, key.name))

    def list_pages(
        self, resource: Resource, label_selector: str = ""
    ) -> Iterator[tuple[list[Manifest], str]]:
        """Read all objects as they are now, page by page, each with the list's resourceVersion."""
        query: dict[str, Any] = {"limit": PAGE}
        if label_selector:
            query["labelSelector"] = label_selector
        while True:
            page = self._send("GET", resource, resource.path(), query, read_seconds=LIST_SECONDS)
            yield page.get("items") or [], page["metadata"]["resourceVersion"]
            query["continue"] = page["metadata"].get("continue")
            if not query["continue"]:
                return

    def create(self, resource: Resource, manifest: Manifest) -> Manifest:
        """
        Create an object, its fields unknown to us included.

        Raises:
            AlreadyExistsError: If one of that name is there.
        """
        path = resource.path(manifest["metadata"]["namespace"])
        return self._send("POST", resource, path, {"fieldManager": FIELD_MANAGER}, manifest)

    def merge_patch(
        self, resource: Resource, key: NamespacedName, body: Manifest, subresource: str = ""
    ) -> Manifest:
        """
        Merge *body* into an object; a resourceVersion or uid in it is a precondition.

        Raises:
            ConflictError: If the precondition does not hold.
            NotFoundError: If there is no such object.
        """
        path = resource.path(key.namespace, key.name, subresource)
        return self._send(
            "PATCH", resource, path, {"fieldManager": FIELD_MANAGER}, body, MERGE_PATCH
        )

    def delete(self, resource: Resource, key: NamespacedName, uid: str) -> None:
        """
        Delete the object *key* if its uid is *uid*; its dependents follow in the background.

        Raises:
            ConflictError: If another object stands under that name.
            NotFoundError: If there is none.
        """
        options = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        self._send("DELETE", resource, resource.path(key.namespace, key.name), body=options)

    def _send(  # noqa: PLR0913, PLR0917 - a request has this many parts
        self,
        method: str,
        resource: Resource,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Manifest | None = None,
        content_type: str = "application/json",
        read_seconds: float = 30.0,
    ) -> dict[str, Any]:
        payload = None if body is None else json.dumps(body).encode()
        answer = self._transport.request(method, path, query, payload, content_type, read_seconds)
        self._metrics.requests.labels(method, resource.plural, str(answer.status)).inc()
        content = decoded(answer.data)
        if answer.status >= 300:  # noqa: PLR2004 - HTTP's end of success
            raise failure(answer.status, content)
        if not isinstance(content, dict):
            raise ConnectionFailedError(f"{method} {path}: the answer is no JSON object")
        return content
