"""The answer to a watch, event by event."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from enum import Enum, auto

from tests.e2e.faults.faults import (
    CutAfter,
    DropEvents,
    DuplicateEvents,
    ErrorEvent,
    HoldEvents,
    InjectLine,
    ReorderEvents,
)
from tests.e2e.faults.message import LAST_CHUNK, chunk
from tests.e2e.faults.request import Seen
from tests.e2e.faults.rules import ActiveRule, RuleSet
from tests.e2e.faults.wire import Wire


class HangUpError(Exception):
    """The connection is to be closed without another word."""


class _Mark(Enum):
    """What is no event."""

    RULES_CHANGED = auto()
    END = auto()
    BROKEN = auto()


class WatchStream:
    """
    One open watch: what comes from the API server, less or more what the rules make of it.

    Args:
        seen: The request.
        client: Who watches.
        rules: Asked anew for each event.
    """

    def __init__(self, seen: Seen, client: Wire, rules: RuleSet) -> None:
        self.seen = seen
        self._client = client
        self._rules = rules
        self._incoming: asyncio.Queue[bytes | _Mark] = asyncio.Queue()
        self._group: list[bytes] = []
        self._ready: deque[bytes | _Mark] = deque()
        self._delivered = 0
        self._had: set[ActiveRule[ErrorEvent] | ActiveRule[InjectLine]] = set()
        self._cut_from: dict[ActiveRule[CutAfter], int] = {}

    def rules_changed(self) -> None:
        """Look at the rules now, although no event may come."""
        self._incoming.put_nowait(_Mark.RULES_CHANGED)

    def cut(self) -> None:
        """End the connection with RST."""
        self._client.reset()

    async def run(self, answer: AsyncIterator[bytes]) -> None:
        """
        Pass on *answer* until it ends.

        Raises:
            HangUpError: If it ends in the middle.
        """
        feeding = asyncio.create_task(self._feed(answer))
        try:
            self.rules_changed()  # those of before
            while not await self._deliver():
                self._accept(await self._incoming.get())
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
        await self._client.write(LAST_CHUNK)

    async def _feed(self, answer: AsyncIterator[bytes]) -> None:
        """Make lines of the pieces that come in."""
        rest, end = b"", _Mark.END
        try:
            async for piece in answer:
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    self._incoming.put_nowait(line + b"\n")
        except (OSError, EOFError):
            end = _Mark.BROKEN
        if rest:
            self._incoming.put_nowait(rest)
        self._incoming.put_nowait(end)

    def _accept(self, item: bytes | _Mark) -> None:
        """Put what came in, dropped, doubled or in another order, behind what is ready."""
        if isinstance(item, bytes) and (copies := self._copies(item)):
            self._group += [item] * copies
            for hold in self._rules.matching(self.seen, HoldEvents):
                hold.fires()
        reorders = self._rules.matching(self.seen, ReorderEvents)
        if not reorders or item in {_Mark.END, _Mark.BROKEN}:
            self._ready.extend(self._group)
            self._group = []
        elif len(self._group) >= reorders[0].rule.fault.size:
            backwards = reorders[0].fires()
            self._ready.extend(reversed(self._group) if backwards else self._group)
            self._group = []
        if item in {_Mark.END, _Mark.BROKEN}:
            self._ready.append(item)

    def _copies(self, line: bytes) -> int:
        """Return how often *line* shall come: 0, 1 or 2 times."""
        for drop in self._rules.matching(self.seen, DropEvents):
            if drop.rule.fault.concerns(line) and drop.fires():
                return 0
        for duplicate in self._rules.matching(self.seen, DuplicateEvents):
            if duplicate.rule.fault.concerns(line) and duplicate.fires():
                return 2
        return 1

    async def _deliver(self) -> bool:
        """Send what is ready, and say whether the stream has ended with that."""
        if await self._inject():
            return True
        self._cut_if_due()
        while self._ready and not self._rules.matching(self.seen, HoldEvents):
            match self._ready.popleft():
                case _Mark.BROKEN:
                    raise HangUpError
                case bytes(line):
                    await self._client.write(chunk(line))
                    self._delivered += 1
                    self._cut_if_due()
                case _:
                    return True
        return False

    async def _inject(self) -> bool:
        """Send what rules put in at once, and say whether an error ends the stream."""
        for inject in self._rules.matching(self.seen, InjectLine):
            if self._is_first(inject):
                await self._client.write(chunk(inject.rule.fault.line))
        for error in self._rules.matching(self.seen, ErrorEvent):
            if self._is_first(error):
                await self._client.write(chunk(error.rule.fault.line))
                return True
        return False

    def _is_first(self, active: ActiveRule[ErrorEvent] | ActiveRule[InjectLine]) -> bool:
        """Whether a rule fires on this stream now: it is asked only once."""
        if active in self._had:
            return False
        self._had.add(active)
        return active.fires()

    def _cut_if_due(self) -> None:
        for active in self._rules.matching(self.seen, CutAfter):
            since = self._cut_from.setdefault(active, self._delivered)
            if self._delivered - since == active.rule.fault.events and active.fires():
                raise HangUpError
