"""What a ResourceQuota leaves to be made."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from daskop.api.meta import Meta

NO_LIMIT = Decimal("Infinity")


class Quota(NamedTuple):
    """
    A ResourceQuota as decisions see it.

    Attributes:
        room: What is left of each resource that it limits, by the resource's name in the quota.
    """

    meta: Meta
    room: Mapping[str, Decimal]


def makes_room(old: Quota | None, new: Quota | None) -> bool:
    """Whether *new* may let pass what *old* refused; None stands for a quota that is not there."""
    before = old.room if old is not None else {}
    after = new.room if new is not None else {}
    return any(after.get(name, NO_LIMIT) > left for name, left in before.items())
