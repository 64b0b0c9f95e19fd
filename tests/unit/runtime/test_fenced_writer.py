"""The gate before every write."""

import pytest

from daskop.api.resources import LEASES
from daskop.errors import NotLeaderError
from daskop.runtime.fenced_writer import FencedWriter
from tests.unit.builders import key
from tests.unit.fakes.kube import FakeKube

LEASE = {"metadata": {"namespace": "ns", "name": "l"}}


def refuse() -> None:
    raise NotLeaderError("not us")


@pytest.fixture
def kube() -> FakeKube:
    return FakeKube()


def test_who_may_write_writes(kube: FakeKube) -> None:
    """
    Each write is checked once and then reaches the server, with all that it was given.
    """
    checks: list[None] = []
    writer = FencedWriter(kube, lambda: checks.append(None))

    uid = writer.create(LEASES, LEASE)["metadata"]["uid"]
    writer.merge_patch(LEASES, key("l"), {"spec": {"a": 1}})
    patched = writer.merge_patch(LEASES, key("l"), {"status": {"b": 2}}, "status")
    writer.delete(LEASES, key("l"), uid)

    assert ({"a": 1}, {"b": 2}) == (patched["spec"], patched["status"])
    assert ["create l", "patch l", "patch l", "delete l"] == kube.writes
    assert 4 == len(checks)


def test_who_may_not_write_writes_nothing(kube: FakeKube) -> None:
    """
    No create, patch or delete reaches the server; a read does.
    """
    uid = kube.create(LEASES, LEASE)["metadata"]["uid"]
    writer = FencedWriter(kube, refuse)

    with pytest.raises(NotLeaderError):
        writer.create(LEASES, {"metadata": {"namespace": "ns", "name": "another"}})
    with pytest.raises(NotLeaderError):
        writer.merge_patch(LEASES, key("l"), {"spec": {"a": 1}})
    with pytest.raises(NotLeaderError):
        writer.delete(LEASES, key("l"), uid)

    assert uid == writer.get(LEASES, key("l"))["metadata"]["uid"]
    assert ["create l"] == kube.writes
