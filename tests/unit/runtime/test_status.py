"""The status writer, against a fake API server."""

import re
from datetime import timedelta
from typing import Any

import pytest

from daskop.api.meta import Manifest, Meta, NamespacedName
from daskop.api.resources import WORKER_GROUPS, Resource
from daskop.errors import OutdatedSchemaError
from daskop.runtime.status import StatusWriter
from tests.unit.builders import key
from tests.unit.fakes.clock import SteppedClock
from tests.unit.fakes.kube import FakeKube


@pytest.fixture
def kube() -> FakeKube:
    return FakeKube()


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def writer(kube: FakeKube, clock: SteppedClock) -> StatusWriter:
    return StatusWriter(kube, clock)


def a_group(kube: FakeKube, name: str = "g") -> Meta:
    return Meta.parse(kube.create(WORKER_GROUPS, {"metadata": {"name": name, "namespace": "ns"}}))


def write(writer: StatusWriter, kube: FakeKube, wanted: dict[str, Any]) -> timedelta | None:
    """Write with a fresh copy of the group, as a pass with an up-to-date cache does."""
    stored = kube.get(WORKER_GROUPS, key("g"))
    return writer.write(WORKER_GROUPS, Meta.parse(stored), stored.get("status", {}), wanted)


def test_status_is_written_only_if_it_differs(kube: FakeKube, writer: StatusWriter) -> None:
    """
    The same status, and none, are no write.
    """
    meta = a_group(kube)
    writer.write(WORKER_GROUPS, meta, {"a": 1}, {"a": 1})
    writer.write(WORKER_GROUPS, meta, {}, None)

    assert ["create g"] == kube.writes


def test_a_field_that_is_not_wanted_any_more_goes(kube: FakeKube, writer: StatusWriter) -> None:
    """
    The status that is stored is what is wanted, and no more.
    """
    a_group(kube)
    kube.merge_patch(WORKER_GROUPS, key("g"), {"status": {"old": 1}}, "status")
    write(writer, kube, {"new": 2})

    assert {"new": 2} == kube.get(WORKER_GROUPS, key("g"))["status"]


def test_one_object_is_written_once_a_second(
    kube: FakeKube, writer: StatusWriter, clock: SteppedClock
) -> None:
    """
    A second write waits for its time, and says how long; then the newest status is written.
    """
    a_group(kube)
    first = write(writer, kube, {"ready": 1})
    clock.step(0.75)
    second = write(writer, kube, {"ready": 2})
    clock.step(0.25)
    third = write(writer, kube, {"ready": 3})

    assert (None, timedelta(seconds=0.25), None) == (first, second, third)
    assert {"ready": 3} == kube.get(WORKER_GROUPS, key("g"))["status"]


def test_objects_do_not_wait_for_each_other(kube: FakeKube, writer: StatusWriter) -> None:
    """
    The interval is each object's own; one that was made anew under a name is another object.
    """
    metas = [a_group(kube, "g"), a_group(kube, "h")]
    kube.delete(WORKER_GROUPS, key("g"), metas[0].uid)
    metas[0] = a_group(kube, "g")

    assert [None, None] == [writer.write(WORKER_GROUPS, m, {}, {"a": 1}) for m in metas]


class OldSchema(FakeKube):
    """A server whose CRD does not know two fields of the status."""

    def merge_patch(
        self, resource: Resource, key: NamespacedName, body: Manifest, subresource: str = ""
    ) -> dict[str, Any]:
        """Drop the fields, and do the rest."""
        known = {k: v for k, v in body["status"].items() if k not in {"newer", "newest"}}
        return super().merge_patch(resource, key, {**body, "status": known}, subresource)


@pytest.mark.parametrize(
    ("dropped", "kept", "told"),
    [
        (["newer"], {"a": 1}, "no status.newer:"),
        (["newest", "newer"], {"a": 1}, "no status.newer, status.newest:"),
        (["newer"], {}, "no status.newer:"),  # so that there is no status at all
    ],
)
def test_a_field_that_the_crd_does_not_know_is_told(
    dropped: list[str], kept: dict[str, Any], told: str
) -> None:
    """
    The server drops it without a word: the writer names the CRD and each field; the rest is stored.
    """
    kube = OldSchema()
    a_group(kube)

    with pytest.raises(OutdatedSchemaError, match=re.escape(told)) as raised:
        write(StatusWriter(kube, SteppedClock()), kube, {**kept, **dict.fromkeys(dropped, 2)})

    assert str(raised.value).startswith("the CRD daskworkergroups.kubernetes.dask.org is older")
    assert kept == kube.get(WORKER_GROUPS, key("g")).get("status", {})
