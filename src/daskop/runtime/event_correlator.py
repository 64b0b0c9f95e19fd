"""
Which Event objects tell what happened: a new one, a higher count of an earlier one, or none.

The rules and their numbers are those of client-go's ``EventCorrelator`` for core/v1 Events
(tools/record/events_cache.go): people know them from every other controller.
"""

import uuid
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Generic, TypeVar

from daskop.api.meta import Meta
from daskop.api.resources import Resource
from daskop.clock import Clock
from daskop.plan.actions import Event
from daskop.token_bucket import TokenBucket

V = TypeVar("V")

TABLE_SIZE: Final = 4096
"""Entries of each table; client-go's ``maxLruCacheEntries``."""

SIMILAR_EVENTS: Final = 10
"""The event that makes it so many different messages is folded: ``defaultAggregateMaxEvents``."""

SIMILAR_SECONDS: Final = 600.0
"""After so long without a similar event begin anew: ``defaultAggregateIntervalInSeconds``."""

SPAM_BURST: Final = 25
SPAM_RATE: Final = 1 / 300
"""Writes about one object, at once and a second: ``defaultSpamBurst`` and ``defaultSpamQPS``."""

FOLDED_PREFIX: Final = "(combined from similar events): "
"""client-go's words, which tools look for."""

NAME_LENGTH: Final = 253
"""Characters that the API server allows in an object's name."""


@dataclass(frozen=True, slots=True)
class Report:
    """
    What an Event object has to say from now on.

    Attributes:
        name: The Event object's own name.
        count: How often it happened so far, suppressed times included.
        first: When it happened first.
        last: When it happened last: now.
        repeated: Whether there was a report of this name before, so that the object should be there.
    """

    name: str
    message: str
    count: int
    first: datetime
    last: datetime
    repeated: bool


@dataclass(slots=True)
class _Series:
    """Everything that one Event object stands for."""

    name: str
    first: datetime
    count: int = 0
    reported: bool = False


@dataclass(slots=True)
class _Group:
    """The events of one object, type and reason: they differ only in their messages."""

    last: float
    messages: set[str] = field(default_factory=set)  # that have an Event object of their own


class EventCorrelator:
    """
    Keeps the number of Event objects and of writes small, whatever is recorded.

    Not safe to share between threads.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: _Table[TokenBucket] = _Table()
        self._groups: _Table[_Group] = _Table()
        self._series: _Table[_Series] = _Table()

    def correlate(self, resource: Resource, meta: Meta, event: Event) -> Report | None:
        """Take note of *event*, about the object that *meta* is of; None if nothing is written."""
        subject = (resource, meta.key, meta.uid)
        group = (subject, event.warning, event.reason)
        folded = self._folds(group, event.message)
        series = self._count((group, None if folded else event.message), meta.key.name)
        # As in client-go the filter comes last: a later report counts what was suppressed.
        if not self._bucket(subject).try_take():
            return None
        repeated, series.reported = series.reported, True
        message = FOLDED_PREFIX + event.message if folded else event.message
        now = self._clock.now()
        return Report(series.name, message, series.count, series.first, now, repeated)

    def _folds(self, key: Hashable, message: str) -> bool:
        """Whether *message* shares an Event object with others: a number in it varies."""
        now = self._clock.monotonic()
        group = self._groups.get(key, lambda: _Group(now))
        if now - group.last > SIMILAR_SECONDS:
            group.messages.clear()
        group.last = now
        # client-go forgets an arbitrary message here. We keep the first ones, so that each of
        # them stays with its own object.
        if message not in group.messages and len(group.messages) + 1 >= SIMILAR_EVENTS:
            return True
        group.messages.add(message)
        return False

    def _count(self, key: Hashable, subject_name: str) -> _Series:
        now = self._clock.now()
        series = self._series.get(key, lambda: _Series(_event_name(subject_name), now))
        series.count += 1
        return series

    def _bucket(self, subject: Hashable) -> TokenBucket:
        return self._buckets.get(subject, lambda: TokenBucket(SPAM_RATE, SPAM_BURST, self._clock))


class _Table(Generic[V]):
    """A mapping that forgets what was used least recently."""

    def __init__(self) -> None:
        self._entries: OrderedDict[Hashable, V] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The entry of *key*, made if there is none."""
        if key not in self._entries:
            self._entries[key] = make()
            if len(self._entries) > TABLE_SIZE:
                self._entries.popitem(last=False)
        self._entries.move_to_end(key)
        return self._entries[key]


def _event_name(subject_name: str) -> str:
    """A name that no other Event has, of any replica; it begins with the object's."""
    suffix = f".{uuid.uuid4().hex}"
    # No part of a DNS name may end with a hyphen, and none may be empty.
    return subject_name[: NAME_LENGTH - len(suffix)].rstrip("-.") + suffix
