"""What can go wrong between a client and the API server."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Delay:
    """The request is forwarded *seconds* later."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Refuse:
    """The connection is closed before the request is forwarded."""


@dataclass(frozen=True, slots=True)
class LoseAnswer:
    """The request is forwarded, and its whole answer lost: the connection is closed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The proxy answers with a Status object in place of the API server."""

    code: int
    reason: str
    message: str = "injected by the fault proxy"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """The Status object."""
        return json.dumps(_status(self.code, self.reason, self.message)).encode()


@dataclass(frozen=True, slots=True)
class BlackHole:
    """The request is taken, never answered, and its connection stays open until ``clear()``."""


@dataclass(frozen=True, slots=True)
class Truncate:
    """The head of the answer tells its true length, but only *size* bytes of it come."""

    size: int


@dataclass(frozen=True, slots=True)
class Throttle:
    """The answer comes slowly."""

    bytes_per_second: float


@dataclass(frozen=True, slots=True)
class HoldEvents:
    """Events are held back until the rule is removed, and are then delivered in order."""


@dataclass(frozen=True, slots=True)
class _OfEvents:
    """
    Concerns the events whose type and object's name match the regular expressions.

    Attributes:
        type: ``ADDED``, ``MODIFIED|DELETED`` ...; any if None, also ``BOOKMARK``.
        name: Any if None.
    """

    type: str | None = None
    name: str | None = None

    def concerns(self, line: bytes) -> bool:
        """Whether *line* is an event that is meant."""
        if not line.endswith(b"\n"):
            return False  # the connection to the API server broke in the middle of it
        event = json.loads(line)
        name = event["object"].get("metadata", {}).get("name", "")
        return _fits(self.type, event["type"]) and _fits(self.name, name)


@dataclass(frozen=True, slots=True)
class DropEvents(_OfEvents):
    """Such events are lost."""


@dataclass(frozen=True, slots=True)
class DuplicateEvents(_OfEvents):
    """Such events come twice."""


@dataclass(frozen=True, slots=True)
class ReorderEvents:
    """Events are collected in groups of *size*, and each group comes in reverse order."""

    size: int


@dataclass(frozen=True, slots=True)
class CutAfter:
    """The connection is closed in the middle of the stream, after so many more *events*."""

    events: int


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """At once an ERROR event with a Status object comes, and then the stream ends in order."""

    code: int
    reason: str
    message: str = "injected by the fault proxy"

    @property
    def line(self) -> bytes:
        """The event."""
        event = {"type": "ERROR", "object": _status(self.code, self.reason, self.message)}
        return json.dumps(event).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class InjectLine:
    """At once *line* comes, as it is: it has no line break unless you put one there."""

    line: bytes


RequestFault = Delay | Refuse | LoseAnswer | Answer | BlackHole | Truncate | Throttle
"""What befalls a request; it counts requests."""

EventFault = HoldEvents | DropEvents | DuplicateEvents | ReorderEvents
"""What befalls the events of a watch; it counts events, reordering counts groups."""

StreamFault = CutAfter | ErrorEvent | InjectLine
"""What befalls a watch, at most once; it counts watches."""

Fault = RequestFault | EventFault | StreamFault


def _fits(pattern: str | None, text: str) -> bool:
    return pattern is None or re.fullmatch(pattern, text) is not None


def _status(code: int, reason: str, message: str) -> dict[str, object]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
