"""What a Widget needs, by the rules that the engine rests on."""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count, islice
from typing import Any

from daskop.api.conditions import condition, merge_conditions
from daskop.api.meta import Manifest, NamespacedName
from daskop.plan.actions import MAX_ACTIONS, Action, Create, Delete, Event, Plan
from tests.e2e.widget.kind import PARTS, WIDGET_LABEL, Part, Widget


@dataclass(frozen=True, slots=True)
class ObservedWidget:
    """
    A Widget, its parts, and the names of all parts that are there, whosever they are.
    """

    widget: Widget
    parts: tuple[Part, ...]
    taken: Collection[NamespacedName]


def plan_widget(observed: ObservedWidget, now: datetime) -> Plan:
    """As many parts as wanted: the names are a function of the Widget, so that none is made twice."""
    widget = observed.widget
    alive = [part for part in observed.parts if not part.meta.deleting]
    missing = widget.replicas - len(alive)
    if widget.meta.deleting:
        return Plan()
    changed = widget.status.get("observedGeneration") != widget.meta.generation
    events = (Event("Scaled", f"Scaled to {widget.replicas}"),) if missing and changed else ()
    actions = _creates(observed, missing) if missing > 0 else _deletes(alive, -missing)
    return Plan(tuple(actions), _status(widget, len(alive), now), events)


def part_name(widget: Widget, number: int) -> str:
    """The name of a part."""
    digest = hashlib.sha256(f"{widget.meta.uid} {number}".encode()).hexdigest()
    return f"{widget.meta.key.name}-{digest[:10]}"


def _creates(observed: ObservedWidget, wanted: int) -> Iterator[Action]:
    widget = observed.widget
    namespace = widget.meta.key.namespace
    keys = (NamespacedName(namespace, part_name(widget, number)) for number in count())
    free = (key for key in keys if key not in observed.taken)
    for key in islice(free, min(wanted, MAX_ACTIONS + 1)):
        yield Create(PARTS, _part(widget, key), widget.meta.uid)


def _deletes(alive: list[Part], unwanted: int) -> Iterator[Action]:
    for part in sorted(alive, key=lambda part: part.meta.key)[: min(unwanted, MAX_ACTIONS + 1)]:
        yield Delete(PARTS, part.meta.key, part.meta.uid)


def _part(widget: Widget, key: NamespacedName) -> Manifest:
    return {
        "apiVersion": PARTS.api_version,
        "kind": PARTS.kind,
        "metadata": {
            "name": key.name,
            "namespace": key.namespace,
            "labels": {WIDGET_LABEL: widget.meta.key.name},
            "ownerReferences": [widget.as_owner().manifest()],
        },
    }


def _status(widget: Widget, parts: int, now: datetime) -> dict[str, Any]:
    ready = condition("Ready", ("Counted", "as many as wanted"), holds=parts == widget.replicas)
    old = widget.status.get("conditions") or ()
    return {
        "observedGeneration": widget.meta.generation,
        "parts": parts,
        "conditions": merge_conditions([ready], old, widget.meta.generation, now),
    }
