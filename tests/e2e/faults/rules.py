"""Rules: which requests, and what befalls them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tests.e2e.faults.faults import (
    Delay,
    Fault,
    HoldEvents,
    LoseAnswer,
    RequestFault,
    Throttle,
    Truncate,
)
from tests.e2e.faults.request import Seen

F_co = TypeVar("F_co", bound=Fault, covariant=True)
G = TypeVar("G", bound=Fault)

_LASTING = (Delay, Throttle)  # the other faults decide a request's fate
_NEEDS_AN_END = (LoseAnswer, Truncate)  # which the answer to a watch has not


@dataclass(frozen=True, slots=True)
class Match:
    """
    Which requests are meant; None means any.

    Attributes:
        verb: ``create``, ``watch`` ...; a regular expression, as ``create|patch``.
        resource: Plural name, as in RBAC with the subresource: ``pods``, ``pods/status``.
        name: Regular expression for the whole name.
        namespace: Its name.
        nth: The first one that counts, from 1. Faults of events count events instead.
    """

    verb: str | None = None
    resource: str | None = None
    name: str | None = None
    namespace: str | None = None
    nth: int = 1

    def fits(self, seen: Seen) -> bool:
        """Whether *seen* is one of them, be it the n-th or not."""
        return (
            (self.verb is None or re.fullmatch(self.verb, seen.verb) is not None)
            and self.resource in {None, seen.full_resource}
            and self.namespace in {None, seen.namespace}
            and (self.name is None or re.fullmatch(self.name, seen.name) is not None)
        )


@dataclass(frozen=True, slots=True)
class Rule(Generic[F_co]):
    """
    What befalls the requests that *match*.

    Attributes:
        times: How often; None means always.

    Raises:
        ValueError: If events are to be held back a number of times.
    """

    match: Match
    fault: F_co
    times: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.fault, HoldEvents) and (self.times, self.match.nth) != (None, 1):
            raise ValueError("events are held back from the first one on, until the rule is gone")


class ActiveRule(Generic[F_co]):
    """
    A rule that is in force.

    Attributes:
        rule: What it says.
        fired: How often it came true.
    """

    def __init__(self, rule: Rule[F_co], forget: Callable[["ActiveRule[F_co]"], None]) -> None:
        self.rule = rule
        self.fired = 0
        self._met = 0
        self._forget = forget

    @property
    def is_spent(self) -> bool:
        """Whether it has fired as often as it may."""
        return self.fired == self.rule.times

    def remove(self) -> None:
        """Take the rule out of force; events that it holds back are delivered."""
        self._forget(self)

    def fires(self) -> bool:
        """Count one more occasion, and say whether the rule comes true this time."""
        self._met += 1
        if self._met < self.rule.match.nth or self.is_spent:
            return False
        self.fired += 1
        return True


class RuleSet:
    """The rules in force, in the order in which they were added."""

    def __init__(self) -> None:
        self._active: list[ActiveRule[Fault]] = []

    def add(self, active: ActiveRule[Fault]) -> None:
        """Put a rule in force."""
        self._active.append(active)

    def remove(self, unwanted: Callable[[ActiveRule[Fault]], bool]) -> None:
        """Take the *unwanted* rules out of force."""
        self._active = [active for active in self._active if not unwanted(active)]

    def matching(self, seen: Seen, fault: type[G]) -> list[ActiveRule[G]]:
        """Return the rules for *seen* with that kind of fault that may still fire."""
        return [
            active  # type: ignore[misc] # its fault is a G
            for active in self._active
            if isinstance(active.rule.fault, fault)
            and not active.is_spent
            and active.rule.match.fits(seen)
        ]

    def befall(self, seen: Seen) -> list[RequestFault]:
        """Let the rules fire that concern the request *seen*, up to one that decides its fate."""
        faults: list[RequestFault] = []
        for active in self._active:
            fault = active.rule.fault
            if not isinstance(fault, RequestFault) or not active.rule.match.fits(seen):
                continue
            if seen.verb == "watch" and isinstance(fault, _NEEDS_AN_END):
                continue
            if active.fires():
                faults.append(fault)
                if not isinstance(fault, _LASTING):
                    break
        return faults
