"""Faults that come again and again, while something lives through them."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, cycle
from typing import Final, Self, TypeAlias

from tests.e2e.faults.faults import ErrorEvent, Fault, HoldEvents, RequestFault
from tests.e2e.faults.proxy import FaultProxy
from tests.e2e.faults.rules import ActiveRule, Match, Rule

Kind: TypeAlias = tuple[str, str]
"""A verb, and a resource with its subresource."""

WATCH: Final[Kind] = ("watch", "")
"""Stands for all watches together."""

_MOMENT_SECONDS: Final = 0.6


class Weather:
    """
    Befalls the requests in one *namespace* as long as a ``with`` block lasts.

    Args:
        faults: What befalls the first requests of a kind after each :meth:`change`, one after the
            other.
        stale: Whether the events of watches are late all the time; at first some watches break off.

    Attributes:
        fired: How often faults came true, by the kind of the request.
    """

    def __init__(
        self,
        proxy: FaultProxy,
        namespace: str,
        faults: Mapping[Kind, Sequence[RequestFault]],
        *,
        stale: bool,
    ) -> None:
        self.fired: Counter[Kind] = Counter()
        self._proxy = proxy
        self._namespace = namespace
        self._faults = faults
        self._active: list[tuple[Kind, ActiveRule[Fault]]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._make_stale) if stale else None

    def __enter__(self) -> Self:
        if self._thread:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread:
            self._thread.join()
        self._end()
        self._proxy.clear()

    def change(self) -> None:
        """Let the faults of requests begin anew."""
        self._end()
        for (verb, resource), faults in self._faults.items():
            match = Match(verb, resource, namespace=self._namespace)
            for fault in faults:
                rule: Rule[Fault] = Rule(match, fault, times=1)
                self._active.append(((verb, resource), self._proxy.add(rule)))

    def _end(self) -> None:
        for kind, active in self._active:
            self.fired[kind] += active.fired
            active.remove()
        self._active = []

    def _make_stale(self) -> None:
        """One trouble of watches after the other, until it is over."""
        pods = Match("watch", "pods", namespace=self._namespace)
        watches = Match("watch", namespace=self._namespace)
        expired: Rule[Fault] = Rule(watches, ErrorEvent(410, "Expired"), times=1)
        held: tuple[Rule[Fault], ...] = (Rule(pods, HoldEvents()), Rule(watches, HoldEvents()))
        self._proxy.cut("pods")
        # Watches end seldom: each end has the operator wait longer before the next one.
        for trouble in chain([expired], cycle(held)):
            active = self._proxy.add(trouble)
            over = self._over.wait(_MOMENT_SECONDS)
            self.fired[WATCH] += active.fired
            active.remove()
            if over:
                return
            self._proxy.stall()
            self._over.wait(_MOMENT_SECONDS / 2)
            self._proxy.resume()
