"""ResourceQuotas are read."""

from decimal import Decimal
from typing import Any

import pytest

from daskop.kube.quota import parse_quota


@pytest.mark.parametrize(
    ("status", "room"),
    [
        pytest.param({"hard": {"pods": "4"}, "used": {"pods": "1"}}, {"pods": "3"}, id="a count"),
        pytest.param(
            {"hard": {"requests.cpu": "2"}, "used": {"requests.cpu": "1500m"}},
            {"requests.cpu": "0.5"},
            id="in thousandths",
        ),
        pytest.param(
            {"hard": {"limits.memory": "1Gi"}, "used": {"limits.memory": "1536Mi"}},
            {"limits.memory": "-536870912"},
            id="more is used than allowed",
        ),
        pytest.param({"hard": {"pods": "4"}}, {"pods": "4"}, id="not counted yet"),
        pytest.param({"hard": {"pods": "4"}, "used": None}, {"pods": "4"}, id="null"),
        pytest.param({}, {}, id="not seen by its controller yet"),
        pytest.param(None, {}, id="no status"),
    ],
)
def test_what_a_quota_leaves(status: dict[str, Any] | None, room: dict[str, str]) -> None:
    """
    Of each resource that is limited, the limit less what is used.
    """
    metadata = {"namespace": "ns", "name": "q", "uid": "u", "resourceVersion": "1"}

    quota = parse_quota(
        {"metadata": metadata, "spec": {"hard": {"ignored": "1"}}, "status": status}
    )

    assert {name: Decimal(left) for name, left in room.items()} == quota.room
    assert ("ns", "q") == quota.meta.key
