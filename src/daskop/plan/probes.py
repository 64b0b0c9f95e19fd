"""
Probe fields that stand one level too deep, under the probe's handler, as in the seed's manifest.

Kubernetes drops them there without a word; what their author meant is plain.
"""

from typing import Any

from daskop.api.meta import Manifest

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


def lift_probe_fields(container: Manifest) -> Manifest:
    """Return *container* with every field of a probe where it belongs; its own value wins."""
    lifted = {
        probe: _lift(container[probe])
        for probe in PROBES
        if isinstance(container.get(probe), dict) and _misplaced(container[probe])
    }
    return {**container, **lifted} if lifted else container


def _misplaced(probe: Manifest) -> dict[str, Any]:
    return {
        field: probe[handler][field]
        for handler in HANDLERS
        for field in FIELDS
        if field in (probe.get(handler) or {})
    }


def _lift(probe: Manifest) -> dict[str, Any]:
    # The probe's own value wins: it is the one that has taken effect until now.
    handlers = {
        handler: {field: value for field, value in probe[handler].items() if field not in FIELDS}
        for handler in HANDLERS
        if probe.get(handler) is not None
    }
    return {**_misplaced(probe), **probe, **handlers}
