"""A whole engine, with a reconciler of nothing, on a scripted API server."""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import urllib3
from structlog.testing import capture_logs

from daskop.api.children import Pod
from daskop.api.meta import NamespacedName
from daskop.api.resources import PODS
from daskop.cache.store import Store
from daskop.engine import RIGHTS_HINT, Engine
from daskop.errors import DaskopError
from daskop.runtime.handlers import enqueue_self
from daskop.runtime.reconciler import Result
from daskop.settings import Address, Settings
from tests.unit.builders import key
from tests.unit.fakes.http_api import Answer, HttpApi, Request

BOUND_SECONDS = 8.0
ANYWHERE = Address("127.0.0.1", 0)


class Noted:
    """A reconciler that only notes its keys, and says when the first one has come."""

    name = "noted"

    def __init__(self) -> None:
        self.keys: list[NamespacedName] = []
        self.came = threading.Event()

    def reconcile(self, key: NamespacedName) -> Result:
        """Make one pass."""
        self.keys.append(key)
        self.came.set()
        return Result(timedelta(0) if len(self.keys) < 2 else None)


class Server:
    """An API server with one Pod, and with leases that it forgets."""

    def __init__(self) -> None:
        self.listed = threading.Event()
        self.listed.set()
        self.over = threading.Event()

    def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        if "leases" in request.path:
            lease = json.loads(request.body) if request.body else {}
            metadata = {"uid": "u", "resourceVersion": "1", **lease.get("metadata", {})}
            return Answer(404 if request.method == "GET" else 200, {**lease, "metadata": metadata})
        if request.query.get("watch"):
            return Answer(200, lines=self._silence())
        self.listed.wait(BOUND_SECONDS)
        metadata = {"namespace": "ns", "name": "p", "uid": "u", "resourceVersion": "5"}
        return Answer(
            200, {"metadata": {"resourceVersion": "5"}, "items": [{"metadata": metadata}]}
        )

    def _silence(self) -> Iterator[bytes]:
        self.over.wait(BOUND_SECONDS)
        yield from ()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.listed.set()
    server.over.set()


def run(
    server: Server, folder: Path, during: Callable[[dict[str, str]], None], lease: str = ""
) -> Noted:
    """Run an engine until *during*, which gets its addresses, has ended; then stop it."""
    reconciler = Noted()
    failures: list[BaseException] = []
    with HttpApi(server) as api:
        kubeconfig = api.kubeconfig(folder)
        engine = Engine(
            Settings(kubeconfig, health=ANYWHERE, metrics=ANYWHERE, lease_namespace=lease)
        )
        informer = engine.informer(PODS, Store[Pod](), Pod.parse)
        informer.add_handler(enqueue_self(engine.controller(reconciler).queue))

        def act() -> None:
            try:
                during(engine.addresses)
            except BaseException as error:  # noqa: BLE001 - raised again below
                failures.append(error)
            finally:
                server.over.set()
                os.kill(os.getpid(), signal.SIGTERM)

        thread = threading.Timer(0.05, act)
        thread.start()
        engine.run()
        thread.join()
    for failure in failures:
        raise failure
    return reconciler


def get(address: str, path: str) -> tuple[int, str]:
    answer = urllib3.request("GET", f"http://{address}{path}", timeout=BOUND_SECONDS)
    return answer.status, answer.data.decode()


def until(condition: Callable[[], bool]) -> None:
    """Wait for *condition*."""
    tick = threading.Event()
    for _ in range(int(BOUND_SECONDS / 0.01)):
        with suppress(urllib3.exceptions.HTTPError):
            if condition():
                return
        tick.wait(0.01)
    raise TimeoutError


def test_an_engine_starts_works_and_stops(server: Server, tmp_path: Path) -> None:
    """
    It is ready once its cache is full, then makes passes, tells how it is, and leaves no thread.
    """
    before = threading.active_count()
    seen: dict[str, str] = {}

    def during(addresses: dict[str, str]) -> None:
        until(lambda: get(addresses["health"], "/readyz")[0] == 200)
        until(lambda: 'result="success"} 1.0' in get(addresses["metrics"], "/metrics")[1])
        seen["healthz"] = get(addresses["health"], "/healthz")[1]
        seen["metrics"] = get(addresses["metrics"], "/metrics")[1]

    reconciler = run(server, tmp_path, during)

    assert [key("p"), key("p")] == reconciler.keys
    assert "ok\n" == seen["healthz"]
    assert 'daskop_informer_synced{namespace="",resource="pods"} 1.0' in seen["metrics"]
    assert "daskop_leader 1.0" in seen["metrics"]
    until(lambda: threading.active_count() <= before)


def test_no_pass_is_made_before_all_is_listed(server: Server, tmp_path: Path) -> None:
    """
    With a list under way it lives but is not ready, and a stop does not wait for it.
    """
    server.listed.clear()
    seen: list[tuple[int, str]] = []

    def during(addresses: dict[str, str]) -> None:
        until(lambda: get(addresses["health"], "/healthz")[0] == 200)
        seen.append(get(addresses["health"], "/readyz"))
        server.listed.set()

    reconciler = run(server, tmp_path, during)

    assert [(503, "the caches are not filled yet: pods\n")] == seen
    assert reconciler.keys in ([], [key("p"), key("p")])


class Led(Server):
    """An API server where another replica holds the lease."""

    def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        if "leases" not in request.path:
            return super().__call__(request)
        spec = {"holderIdentity": "another", "leaseDurationSeconds": 15}
        return Answer(200, {"metadata": {"uid": "u", "resourceVersion": "1"}, "spec": spec})


def test_a_follower_is_ready_and_makes_no_pass(tmp_path: Path) -> None:
    """
    Without the lease its cache is full, it says so, and it leaves everything alone.
    """
    seen: dict[str, str] = {}

    def during(addresses: dict[str, str]) -> None:
        until(lambda: get(addresses["health"], "/readyz")[0] == 200)
        seen["metrics"] = get(addresses["metrics"], "/metrics")[1]

    reconciler = run(Led(), tmp_path, during, lease="ns")

    assert [] == reconciler.keys
    assert "daskop_leader 0.0" in seen["metrics"]


class Refusing(Server):
    """An API server that does not allow what a word in its path stands for, for a while."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word = word

    def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        if self.word and self.word in request.path:
            message = f"{self.word} is forbidden"
            return Answer(403, {"kind": "Status", "reason": "Forbidden", "message": message})
        return super().__call__(request)


@pytest.mark.parametrize("word", ["pods", "leases"])
def test_what_is_not_allowed_is_said_by_readyz(tmp_path: Path, word: str) -> None:
    """
    In the server's words, with a hint; once it is allowed, the engine is ready and works.
    """
    server, seen = Refusing(word), set[tuple[int, str]]()

    def during(addresses: dict[str, str]) -> None:
        until(lambda: "forbidden" in get(addresses["health"], "/readyz")[1])
        seen.add(get(addresses["health"], "/readyz"))
        server.word = ""
        until(lambda: get(addresses["health"], "/readyz")[0] == 200)

    run(server, tmp_path, during, lease="ns")

    assert {(503, f"{word} is forbidden\n{RIGHTS_HINT}\n")} == seen


def test_a_leader_gets_its_lease_first(server: Server, tmp_path: Path) -> None:
    """
    With a lease that nobody holds it leads, and makes its passes.
    """
    came: list[bool] = []

    def during(addresses: dict[str, str]) -> None:
        until(lambda: "daskop_leader 1.0" in get(addresses["metrics"], "/metrics")[1])
        until(lambda: 'result="success"} 1.0' in get(addresses["metrics"], "/metrics")[1])
        came.append(True)

    assert [key("p"), key("p")] == run(server, tmp_path, during, lease="ns").keys
    assert [True] == came


def test_an_idle_engine_says_nothing(server: Server, tmp_path: Path) -> None:
    """
    There are lines for start, readiness and end, and none for passes that change nothing.
    """

    def during(addresses: dict[str, str]) -> None:
        until(lambda: 'result="success"} 1.0' in get(addresses["metrics"], "/metrics")[1])

    with capture_logs() as logs:
        run(server, tmp_path, during)

    assert ["started", "ready", "stopping", "stopped"] == [entry["event"] for entry in logs]


def test_an_engine_needs_a_configuration(tmp_path: Path) -> None:
    """
    Without one there is nothing to start.
    """
    with pytest.raises(DaskopError):
        Engine(Settings(tmp_path / "none"))
