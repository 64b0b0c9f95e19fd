"""
Probe fields that stand one level too deep, under the probe's handler, as in the seed's manifest.

Kubernetes drops them there without a word; what their author meant is plain.
"""

from typing import Any

from daskop.api.conditions import condition, found, holds
from daskop.api.meta import Manifest
from daskop.api.wellknown import PROBE_FIELDS_MOVED
from daskop.plan.actions import Event

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
HANDLERS = ("exec", "grpc", "httpGet", "tcpSocket")
FIELDS = (
    "failureThreshold",
    "initialDelaySeconds",
    "periodSeconds",
    "successThreshold",
    "terminationGracePeriodSeconds",
    "timeoutSeconds",
)


CONTAINERS = ("initContainers", "containers")
"""Where containers are that can have probes: an init container that runs on has them, too."""


def lifted_probes(spec: Manifest) -> dict[str, Any]:
    """The containers of the PodSpec *spec*, with every field of a probe where it belongs."""
    return {
        kind: [lift_probe_fields(container) for container in spec[kind]]
        for kind in CONTAINERS
        if isinstance(spec.get(kind), list)
    }


def lift_probe_fields(container: Manifest) -> Manifest:
    """Return *container* with every field of a probe where it belongs; its own value wins."""
    if not isinstance(container, dict):
        return container  # the schema leaves init containers to Kubernetes, which will refuse it
    lifted = {
        probe: _lift(container[probe])
        for probe in PROBES
        if isinstance(container.get(probe), dict) and _misplaced(container[probe])
    }
    return {**container, **lifted} if lifted else container


def probe_condition(spec: Manifest) -> list[dict[str, Any]]:
    """The condition that says which fields of the PodSpec *spec* are lifted; none, no condition."""
    places = [
        f"{', '.join(fields)} of the {probe} of {container.get('name')}"
        for kind in CONTAINERS
        for container in _mappings(spec.get(kind))
        for probe in PROBES
        if isinstance(container.get(probe), dict) and (fields := _misplaced(container[probe]))
    ]
    if not places:
        return []
    message = f"moved to where Kubernetes heeds them: {'; '.join(places)}"
    return [condition(PROBE_FIELDS_MOVED, ("MisplacedFields", message), holds=True)]


def probe_events(old: Manifest, new: Manifest) -> tuple[Event, ...]:
    """What to tell of lifted fields when the status *old* becomes *new*."""
    if holds(old, PROBE_FIELDS_MOVED) or not holds(new, PROBE_FIELDS_MOVED):
        return ()
    message = found(new, PROBE_FIELDS_MOVED)["message"]
    return (Event(PROBE_FIELDS_MOVED, f"Probe fields {message}"),)


def _mappings(entries: Any) -> list[Manifest]:
    found = entries if isinstance(entries, list) else []
    return [entry for entry in found if isinstance(entry, dict)]


def _misplaced(probe: Manifest) -> dict[str, Any]:
    return {
        field: probe[handler][field]
        for handler in HANDLERS
        if isinstance(probe.get(handler), dict)
        for field in FIELDS
        if field in probe[handler]
    }


def _lift(probe: Manifest) -> dict[str, Any]:
    # The probe's own value wins: it is the one that has taken effect until now.
    handlers = {
        handler: {field: value for field, value in probe[handler].items() if field not in FIELDS}
        for handler in HANDLERS
        if isinstance(probe.get(handler), dict)
    }
    return {**_misplaced(probe), **probe, **handlers}
