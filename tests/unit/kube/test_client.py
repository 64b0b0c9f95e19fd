"""Verbs of the client, over real HTTP."""

import json
import threading
from pathlib import Path
from time import monotonic

import pytest

from daskop.api.resources import PODS
from daskop.clock import SystemClock
from daskop.errors import (
    AlreadyExistsError,
    ApiError,
    ConflictError,
    ConnectionFailedError,
    ForbiddenError,
    GoneError,
    InvalidError,
    NamespaceTerminatingError,
    NotFoundError,
    ServerError,
    TooManyRequestsError,
    UnauthorizedError,
)
from daskop.kube.client import Client
from daskop.kube.failure import failure
from daskop.kube.transport import connect
from daskop.metrics import Metrics
from daskop.token_bucket import TokenBucket
from tests.unit.builders import key
from tests.unit.fakes.http_api import Answer, HttpApi
from tests.unit.kube.connection import Connection, in_turn, refusing


def test_the_token_is_on_the_wire(connection: Connection) -> None:
    """
    Each request carries the kubeconfig's bearer token.
    """
    connection.client.get(PODS, key("p"))

    (request,) = connection.api.requests
    assert "Bearer a-token" == request.headers["authorization"]
    assert "/api/v1/namespaces/ns/pods/p" == request.path


def test_a_manifest_is_posted_as_it_is(connection: Connection) -> None:
    """
    Fields that no model knows and integers where models want text go out untouched.
    """
    spec = {"containers": [{"name": "c", "newer": {"x": 1}, "resources": {"limits": {"cpu": 2}}}]}
    manifest = {"metadata": {"name": "p", "namespace": "ns"}, "spec": spec}

    connection.client.create(PODS, manifest)

    (request,) = connection.api.requests
    assert manifest == json.loads(request.body)
    assert {"fieldManager": "daskop"} == request.query


def test_a_delete_names_the_uid(connection: Connection) -> None:
    """
    Another object under the same name is not deleted.
    """
    connection.client.delete(PODS, key("p"), "the-uid")

    (request,) = connection.api.requests
    assert {"uid": "the-uid"} == json.loads(request.body)["preconditions"]


def test_a_status_is_merged_into_its_subresource(connection: Connection) -> None:
    """
    The patch goes to /status with the content type of a merge patch.
    """
    connection.client.merge_patch(PODS, key("p"), {"status": {}}, "status")

    (request,) = connection.api.requests
    assert "/api/v1/namespaces/ns/pods/p/status" == request.path
    assert "application/merge-patch+json" == request.headers["content-type"]


@pytest.mark.parametrize(
    ("code", "reason", "error"),
    [
        (403, "Forbidden", ForbiddenError),
        (404, "NotFound", NotFoundError),
        (409, "Conflict", ConflictError),
        (409, "AlreadyExists", AlreadyExistsError),
        (410, "Expired", GoneError),
        (422, "Invalid", InvalidError),
        (400, "BadRequest", InvalidError),
        (401, "Unauthorized", UnauthorizedError),
        (429, "TooManyRequests", TooManyRequestsError),
        (500, "InternalError", ServerError),
        (504, "Timeout", ServerError),
        (418, "", ApiError),
    ],
)
def test_each_refusal_has_its_error(
    connection: Connection, code: int, reason: str, error: type[ApiError]
) -> None:
    """
    The error says what the server said, and is the class of its meaning.
    """
    connection.api.respond = refusing(code, reason)

    with pytest.raises(ApiError, match=f"because {code}") as raised:
        connection.client.get(PODS, key("p"))

    assert (error, code, reason) == (type(raised.value), raised.value.code, raised.value.reason)


def test_an_answer_that_is_no_json_is_no_answer(connection: Connection) -> None:
    """
    What a proxy on the way puts in front is not taken for an object.
    """
    connection.api.respond = lambda _: Answer(200, b"<html>")

    with pytest.raises(ConnectionFailedError):
        connection.client.get(PODS, key("p"))


def test_an_unknown_resource_is_explained() -> None:
    """
    A 404 without words, as for a kind that the server does not have, asks for the CRDs.
    """
    assert "CRDs" in str(failure(404, None))


def test_a_terminating_namespace_has_an_error_of_its_own() -> None:
    """
    The server tells it apart from missing rights by a cause.
    """
    causes = [{"reason": "NamespaceTerminating", "message": "ns is being terminated"}]
    status = {"reason": "Forbidden", "message": "no", "details": {"causes": causes}}

    assert isinstance(failure(403, status), NamespaceTerminatingError)


def test_a_version_is_a_precondition_of_a_delete(connection: Connection) -> None:
    """
    Who must not delete what has changed says of which version the decision was.
    """
    connection.client.delete(PODS, key("p"), "the-uid", "7")

    (request,) = connection.api.requests
    wanted = {"uid": "the-uid", "resourceVersion": "7"}
    assert wanted == json.loads(request.body)["preconditions"]


def test_fields_are_applied_by_the_server(connection: Connection) -> None:
    """
    Server-side apply goes to the object, in our name, and takes fields from others.
    """
    connection.client.apply(PODS, {"metadata": {"name": "p", "namespace": "ns"}})

    (request,) = connection.api.requests
    assert ("PATCH", "/api/v1/namespaces/ns/pods/p") == (request.method, request.path)
    assert "application/apply-patch+yaml" == request.headers["content-type"]
    assert {"fieldManager": "daskop", "force": "true"} == request.query


def test_a_collection_is_deleted_by_label(connection: Connection) -> None:
    """
    One request deletes all objects of a namespace that have the labels.
    """
    connection.client.delete_collection(PODS, "ns", "a=b")

    (request,) = connection.api.requests
    assert ("DELETE", "/api/v1/namespaces/ns/pods") == (request.method, request.path)
    assert {"labelSelector": "a=b"} == request.query


def test_a_busy_server_is_asked_again_when_it_says(connection: Connection) -> None:
    """
    A request that was turned away unseen is sent again after the pause, whatever it is.
    """
    busy = refusing(429, "TooManyRequests", **{"Retry-After": "0.02"})
    connection.api.respond = in_turn(
        refusing(429, **{"Retry-After": "1"}), lambda _: Answer(200, {})
    )
    connection.client.create(PODS, {"metadata": {"name": "p", "namespace": "ns"}})

    assert 2 == len(connection.api.requests)
    connection.api.respond = busy
    with pytest.raises(TooManyRequestsError):  # what is no whole number is no pause
        connection.client.get(PODS, key("p"))
    assert 3 == len(connection.api.requests)


def test_a_long_pause_is_left_to_the_caller(connection: Connection) -> None:
    """
    A thread is not held up for long: the error says how much later to come.
    """
    connection.api.respond = refusing(429, **{"Retry-After": "30"})

    with pytest.raises(TooManyRequestsError) as raised:
        connection.client.get(PODS, key("p"))

    assert (1, 30.0) == (len(connection.api.requests), raised.value.retry_after_seconds)


def test_a_pause_ends_with_the_client(connection: Connection) -> None:
    """
    A process that stops does not wait for a busy server.
    """
    connection.api.respond = refusing(429, **{"Retry-After": "2"})
    threading.Timer(0.05, connection.client.close).start()
    began = monotonic()

    with pytest.raises(TooManyRequestsError):
        connection.client.get(PODS, key("p"))

    assert monotonic() - began < 1.5


@pytest.mark.parametrize("code", [500, 503, 504])
def test_a_sick_server_is_not_asked_again_by_the_client(connection: Connection, code: int) -> None:
    """
    Nothing is tried again in secret: whether a write took effect is for the next pass to see.
    """
    connection.api.respond = refusing(code, **{"Retry-After": "1"})

    with pytest.raises(ServerError) as raised:
        connection.client.delete(PODS, key("p"), "the-uid")

    assert (1, 1.0) == (len(connection.api.requests), raised.value.retry_after_seconds)


def test_the_rate_of_requests_can_be_bounded(connection: Connection) -> None:
    """
    With a token bucket, requests beyond the burst wait for their turn.
    """
    limit = TokenBucket(20.0, 2, SystemClock())
    client = Client(connection.transport, Metrics(), limit)
    began = monotonic()
    for _ in range(4):
        client.get(PODS, key("p"))

    assert monotonic() - began >= 0.09


def test_answers_are_counted_and_measured(connection: Connection, tmp_path: Path) -> None:
    """
    Counter and histogram know verb, resource and code; no answer is a code of its own.
    """
    connection.client.get(PODS, key("p"))
    with HttpApi(lambda _: Answer()) as gone:
        kubeconfig = gone.kubeconfig(tmp_path)
    with pytest.raises(ConnectionFailedError):
        Client(connect(kubeconfig, 1), connection.metrics).get(PODS, key("p"))

    sample = connection.metrics.registry.get_sample_value
    labels = {"verb": "get", "resource": "pods"}
    counts = [
        sample("rest_client_requests_total", {**labels, "code": c}) for c in ("200", "<error>")
    ]
    assert [1, 1] == counts
    assert 1 == sample("rest_client_request_duration_seconds_count", {**labels, "code": "200"})
