"""Verbs of the API on plain JSON."""

import json
import threading
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

import urllib3

from daskop.api.meta import Manifest, NamespacedName
from daskop.api.resources import Resource
from daskop.api.wellknown import FIELD_MANAGER
from daskop.errors import ConnectionFailedError, TooManyRequestsError
from daskop.kube.decoding import decoded
from daskop.kube.failure import failure, retry_after_seconds
from daskop.kube.transport import READ_SECONDS, Exchange, Transport, no_gate
from daskop.metrics import Metrics
from daskop.token_bucket import TokenBucket

MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

LIST_SECONDS = 60.0

TRIES = 4
PATIENCE_SECONDS = 2.0
"""A server that is busy (429) is asked again a few times, if it wants no longer pause than this."""


class Client:
    """
    What the operator asks of the API server. Safe to share between threads.

    Nothing is tried again here but what the server has turned away unseen: whether a write took
    effect is for the next pass to find out.

    Args:
        limit: Bounds the rate of our requests; None leaves that to the server's Priority and
            Fairness.
        read_seconds: Longest silence of the server, for all but lists and watches.
        gate: Raises where nothing may be written, as by one who does not lead any more. It is
            asked before each try of a write, after all pauses. A gate is no fence: the process can
            be stopped between it and the wire, so that every write must be safe under two actors.
    """

    def __init__(
        self,
        transport: Transport,
        metrics: Metrics,
        limit: TokenBucket | None = None,
        read_seconds: float = READ_SECONDS,
        gate: Callable[[], None] = no_gate,
    ) -> None:
        self._transport = transport
        self._metrics = metrics
        self._limit = limit
        self._read_seconds = read_seconds
        self._gate = gate
        self._closed = threading.Event()

    def close(self) -> None:
        """End the pauses under way, and close all idle connections."""
        self._closed.set()
        self._transport.close()

    def get(self, resource: Resource, key: NamespacedName) -> Manifest:
        """
        Read one object from the server, not from a cache.

        Raises:
            NotFoundError: If there is none.
        """
        path = resource.path(key.namespace, key.name)
        return self._json("get", resource, Exchange("GET", path, read_seconds=self._read_seconds))

    def list_page(
        self,
        resource: Resource,
        label_selector: str = "",
        limit: int = 0,
        continued: str = "",
        namespace: str = "",
    ) -> Manifest:
        """
        Read one page of all objects as they are now, all in one if *limit* is 0.

        Raises:
            GoneError: If *continued*, the token of the page before, has expired.
        """
        # No resourceVersion: the server answers with what is true now, not with what it has cached.
        wanted = {"limit": limit, "continue": continued, "labelSelector": label_selector}
        query = {name: value for name, value in wanted.items() if value}
        exchange = Exchange("GET", resource.path(namespace), query, read_seconds=LIST_SECONDS)
        return self._json("list", resource, exchange)

    def watch(
        self,
        resource: Resource,
        query: Mapping[str, Any],
        open_seconds: float,
        namespace: str = "",
    ) -> urllib3.BaseHTTPResponse:
        """
        Begin a watch; its events and its connection are the caller's.

        Raises:
            GoneError: If the server does not know the version any more.
        """
        path = resource.path(namespace)
        exchange = Exchange("GET", path, query, read_seconds=open_seconds, stream=True)
        return self._answer("watch", resource, exchange)

    def create(self, resource: Resource, manifest: Manifest) -> Manifest:
        """
        Create an object, its fields unknown to us included.

        Raises:
            AlreadyExistsError: If one of that name is there.
        """
        path = resource.path(manifest["metadata"]["namespace"])
        return self._write("create", resource, "POST", path, manifest)

    def apply(self, resource: Resource, manifest: Manifest, subresource: str = "") -> Manifest:
        """
        Have the server make these fields ours (server-side apply), taking them from others.

        The object is created if there is none; what we applied before and leave out now goes.
        """
        metadata = manifest["metadata"]
        path = resource.path(metadata["namespace"], metadata["name"], subresource)
        query = {"force": "true"}
        return self._write("apply", resource, "PATCH", path, manifest, query, APPLY_PATCH)

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
        return self._write("patch", resource, "PATCH", path, body, content_type=MERGE_PATCH)

    def delete(
        self, resource: Resource, key: NamespacedName, uid: str, resource_version: str = ""
    ) -> Manifest:
        """
        Delete the object *key* if its uid is *uid*; its dependents follow in the background.

        With a *resource_version* the object must not have changed since either.

        Returns:
            The object as it is now, or a ``Status`` if it is gone.

        Raises:
            ConflictError: If another object stands under that name, or it has changed.
            NotFoundError: If there is none.
        """
        preconditions = {"uid": uid}
        if resource_version:
            preconditions["resourceVersion"] = resource_version
        # Background: the object goes at once, and its dependents by the garbage collector.
        options = {"preconditions": preconditions, "propagationPolicy": "Background"}
        path = resource.path(key.namespace, key.name)
        return self._write("delete", resource, "DELETE", path, options)

    def delete_collection(self, resource: Resource, namespace: str, label_selector: str) -> None:
        """Delete every object in *namespace* that has the labels; there is no precondition."""
        query = {"labelSelector": label_selector}
        options = {"propagationPolicy": "Background"}
        path = resource.path(namespace)
        self._write("deletecollection", resource, "DELETE", path, options, query)

    def _write(  # noqa: PLR0913, PLR0917 - a request has this many parts
        self,
        verb: str,
        resource: Resource,
        method: str,
        path: str,
        body: Manifest,
        query: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        if method != "DELETE":
            query = {"fieldManager": FIELD_MANAGER, **(query or {})}
        payload = json.dumps(body).encode()
        exchange = Exchange(
            method, path, query, payload, content_type, self._read_seconds, gate=self._gate
        )
        return self._json(verb, resource, exchange)

    def _json(self, verb: str, resource: Resource, exchange: Exchange) -> dict[str, Any]:
        content = decoded(self._answer(verb, resource, exchange).data)
        if not isinstance(content, dict):
            raise ConnectionFailedError(f"{verb} {exchange.path}: the answer is no JSON object")
        return content

    def _answer(
        self, verb: str, resource: Resource, exchange: Exchange
    ) -> urllib3.BaseHTTPResponse:
        """Send a request until the server takes it, or wants too long a pause."""
        for _ in range(TRIES - 1):
            try:
                return self._try(verb, resource, exchange)
            except TooManyRequestsError as error:
                pause = error.retry_after_seconds
                if not 0 < pause <= PATIENCE_SECONDS or self._closed.wait(pause):
                    raise
        return self._try(verb, resource, exchange)

    def _try(self, verb: str, resource: Resource, exchange: Exchange) -> urllib3.BaseHTTPResponse:
        # Each try counts against the limit, and is counted and measured by itself.
        if self._limit is not None:
            self._closed.wait(self._limit.reserve())
        code = "<error>"
        began = perf_counter()
        try:
            answer = self._transport.send(exchange)
            code = str(answer.status)
        finally:
            labels = (verb, resource.plural, code)
            self._metrics.requests.labels(*labels).inc()
            self._metrics.request_seconds.labels(*labels).observe(perf_counter() - began)
        if answer.status < 300:  # noqa: PLR2004 - HTTP's end of success
            return answer
        raise failure(answer.status, decoded(answer.data), retry_after_seconds(answer.headers))
