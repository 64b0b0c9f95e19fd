"""The gate before every write: only who leads passes, each time that a request goes out."""

from pathlib import Path

import pytest

from daskop.api.resources import PODS
from daskop.clock import SystemClock
from daskop.errors import NotLeaderError
from daskop.kube.client import Client
from daskop.kube.transport import connect
from daskop.metrics import Metrics
from daskop.token_bucket import TokenBucket
from tests.unit.builders import key
from tests.unit.fakes.http_api import Answer, HttpApi, Request
from tests.unit.kube.connection import Connection, in_turn, refusing

POD = {"metadata": {"name": "p", "namespace": "ns"}}


class Leadership:
    """May be lost, also as a result of how often it was asked for."""

    def __init__(self, asked_at_most: int) -> None:
        self.asked = 0
        self._asked_at_most = asked_at_most

    def check(self) -> None:
        """Pass so many times."""
        self.asked += 1
        if self.asked > self._asked_at_most:
            raise NotLeaderError("not us")


def write_each(client: Client) -> None:
    """Make every write that there is, and go on with the next one if it is kept back."""
    for write in (
        lambda: client.create(PODS, POD),
        lambda: client.apply(PODS, POD),
        lambda: client.merge_patch(PODS, key("p"), {}),
        lambda: client.delete(PODS, key("p"), "the-uid"),
        lambda: client.delete_collection(PODS, "ns", "a=b"),
    ):
        try:
            write()
        except NotLeaderError:
            continue


@pytest.mark.parametrize(("leads_for", "sent"), [(5, 5), (0, 0), (2, 2)])
def test_each_write_is_asked_for_once(connection: Connection, leads_for: int, sent: int) -> None:
    """
    A leader's writes go out, those of one who does not lead any more never do.
    """
    leadership = Leadership(leads_for)

    write_each(Client(connection.transport, Metrics(), gate=leadership.check))

    assert (5, sent) == (leadership.asked, len(connection.api.requests))


def test_reads_harm_nobody(connection: Connection) -> None:
    """
    A follower, whose caches are kept warm, reads without being asked.
    """
    leadership = Leadership(0)
    client = Client(connection.transport, Metrics(), gate=leadership.check)

    client.get(PODS, key("p"))
    client.list_page(PODS)

    assert (0, 2) == (leadership.asked, len(connection.api.requests))


def test_a_write_is_not_tried_again_once_the_lease_is_lost(connection: Connection) -> None:
    """
    Whoever loses the lease in a busy server's pause keeps the second try back.
    """
    connection.api.respond = in_turn(
        refusing(429, **{"Retry-After": "1"}), lambda _: Answer(200, {})
    )
    client = Client(connection.transport, Metrics(), gate=Leadership(1).check)

    with pytest.raises(NotLeaderError):
        client.create(PODS, POD)

    assert 1 == len(connection.api.requests)


def test_the_lease_may_be_lost_while_a_write_waits_for_its_turn(connection: Connection) -> None:
    """
    The gate is asked after the wait for a token, when the request is about to go out.
    """
    limit = TokenBucket(20.0, 1, SystemClock())
    limit.reserve()
    began = SystemClock().monotonic()
    waited: list[float] = []
    client = Client(
        connection.transport,
        Metrics(),
        limit,
        gate=lambda: waited.append(SystemClock().monotonic() - began),
    )

    client.create(PODS, POD)

    assert [True] == [seconds >= 0.04 for seconds in waited]


def test_new_credentials_are_not_tried_once_the_lease_is_lost(tmp_path: Path) -> None:
    """
    A write that was refused for an old token goes out with the new one for a leader only.
    """
    codes: list[int] = []

    def answer(request: Request) -> Answer:
        codes.append(200 if request.headers["authorization"] == "Bearer new" else 401)
        return Answer(codes[-1], {"message": "who?"})

    with HttpApi(answer) as api:
        kubeconfig = api.kubeconfig(tmp_path)
        leadership = Leadership(1)
        client = Client(connect(kubeconfig, 1), Metrics(), gate=leadership.check)
        kubeconfig.write_text(kubeconfig.read_text().replace("a-token", "new"))
        with pytest.raises(NotLeaderError):
            client.create(PODS, POD)
        client.close()

    assert ([401], 2) == (codes, leadership.asked)
