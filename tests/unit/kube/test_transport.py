"""Credentials, connections and timeouts, over real HTTP."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from daskop.api.resources import PODS
from daskop.errors import ConnectionFailedError, DaskopError, UnauthorizedError
from daskop.kube import transport as transport_module
from daskop.kube.client import Client
from daskop.kube.transport import connect, own_namespace
from daskop.metrics import Metrics
from tests.unit.builders import key
from tests.unit.fakes.http_api import Answer, HttpApi, Request
from tests.unit.kube.connection import Connection, refusing


def test_nobody_there_is_a_failed_connection(tmp_path: Path) -> None:
    """
    A server that is gone is one error, after one try.
    """
    with HttpApi(lambda _: Answer()) as api:
        kubeconfig = api.kubeconfig(tmp_path)
    transport = connect(kubeconfig, connections=1)

    with pytest.raises(ConnectionFailedError):
        Client(transport, Metrics()).get(PODS, key("p"))


def test_no_configuration_is_explained(tmp_path: Path) -> None:
    """
    A kubeconfig that is none is an error of ours.
    """
    (tmp_path / "empty").write_text("{}")

    with pytest.raises(DaskopError, match="configuration"):
        connect(tmp_path / "empty", connections=1)


class Gatekeeper:
    """A server that lets one token in, and notes what the others were answered."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.codes: list[int] = []

    def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        known = f"Bearer {self.token}".lower() == request.headers["authorization"].lower()
        self.codes.append(200 if known else 401)
        return Answer(200, {"metadata": {}}) if known else Answer(401, {"message": "who?"})


def with_token_file(kubeconfig: Path, token: Path) -> Path:
    """The kubeconfig with its token in a file, as somebody renews it."""
    content = yaml.safe_load(kubeconfig.read_text())
    content["users"][0]["user"] = {"tokenFile": str(token)}
    kubeconfig.write_text(yaml.safe_dump(content))
    return kubeconfig


def test_a_new_token_is_read_when_the_old_one_is_refused(tmp_path: Path) -> None:
    """
    A token that was renewed costs one refused request, whatever the number of threads later on.
    """
    gate, token = Gatekeeper("old"), tmp_path / "token"
    token.write_text("old\n")
    with HttpApi(gate) as api:
        client = Client(connect(with_token_file(api.kubeconfig(tmp_path), token), 4), Metrics())
        client.get(PODS, key("p"))
        gate.token = "new"  # noqa: S105 - opens nothing
        token.write_text("new\n")
        client.get(PODS, key("p"))
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: client.get(PODS, key("p")), range(8)))
        client.close()

    assert [200, 401, *[200] * 9] == gate.codes


def test_a_refusal_without_a_new_token_is_an_error(connection: Connection) -> None:
    """
    The same credentials are not tried a second time.
    """
    connection.api.respond = refusing(401, "Unauthorized")

    with pytest.raises(UnauthorizedError):
        connection.client.get(PODS, key("p"))

    assert 1 == len(connection.api.requests)


def test_no_more_connections_are_opened_than_told(tmp_path: Path) -> None:
    """
    More threads than connections wait for one to come free, and all are served.
    """
    with HttpApi(lambda _: Answer(200, {"metadata": {}})) as api:
        client = Client(connect(api.kubeconfig(tmp_path), connections=8), Metrics())
        with ThreadPoolExecutor(64) as pool:
            list(pool.map(lambda _: client.get(PODS, key("p")), range(64 * 10)))
        client.close()

    assert 640 == len(api.requests)
    assert api.connections <= 8


def test_a_server_that_does_not_answer_is_given_up(connection: Connection) -> None:
    """
    No request waits for ever: one without an answer in time has failed.
    """
    release = threading.Event()

    def respond(_: Request) -> Answer:
        release.wait(8.0)
        return Answer()

    connection.api.respond = respond
    impatient = Client(connection.transport, Metrics(), read_seconds=0.05)
    try:
        with pytest.raises(ConnectionFailedError, match="timed out"):
            impatient.get(PODS, key("p"))
    finally:
        release.set()


def test_outside_a_cluster_there_is_no_namespace_of_our_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    In a Pod the file that Kubernetes puts there names it.
    """
    file = tmp_path / "namespace"
    monkeypatch.setattr(transport_module, "OWN_NAMESPACE", file)
    outside = own_namespace()
    file.write_text("daskop-system\n")

    assert ("", "daskop-system") == (outside, own_namespace())
