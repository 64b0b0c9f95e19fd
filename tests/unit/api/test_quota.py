"""When a quota that refused something may let it pass."""

from decimal import Decimal

import pytest

from daskop.api.quota import Quota, makes_room
from tests.unit.builders import a_meta


def a_quota(**room: int) -> Quota:
    return Quota(a_meta("q", "q-uid"), {name: Decimal(left) for name, left in room.items()})


@pytest.mark.parametrize(
    ("old", "new", "makes"),
    [
        pytest.param(a_quota(pods=0), a_quota(pods=1), True, id="more room"),
        pytest.param(a_quota(pods=-3), a_quota(pods=-2), True, id="less over it"),
        pytest.param(a_quota(pods=1), a_quota(pods=1), False, id="nothing changed"),
        pytest.param(a_quota(pods=2), a_quota(pods=1), False, id="less room"),
        pytest.param(a_quota(pods=2, cpu=1), a_quota(pods=1, cpu=2), True, id="of one of two"),
        pytest.param(a_quota(pods=0, cpu=0), a_quota(cpu=0), True, id="one limit is gone"),
        pytest.param(a_quota(cpu=0), a_quota(cpu=0, pods=5), False, id="one more limit"),
        pytest.param(a_quota(pods=0), None, True, id="it is gone"),
        pytest.param(a_quota(), None, False, id="gone before it held"),
        pytest.param(None, a_quota(pods=5), False, id="it is new"),
    ],
)
def test_what_makes_room(old: Quota | None, new: Quota | None, makes: bool) -> None:
    """
    There is room where more is left of any resource than before, or a limit is lifted.
    """
    assert makes is makes_room(old, new)
