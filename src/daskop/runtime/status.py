"""Writes ``status``, through its subresource, only where it differs, and not too often."""

import threading
from collections import OrderedDict
from datetime import timedelta
from typing import Any

from daskop.api.meta import Manifest, Meta
from daskop.api.resources import Resource
from daskop.clock import Clock
from daskop.errors import OutdatedSchemaError
from daskop.runtime.writer import Writer

INTERVAL_SECONDS = 1.0
"""One object's status is written at most this often: 1,000 Pods that come up are few writes."""


class StatusWriter:
    """The only writer of status."""

    def __init__(self, writer: Writer, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self._lock = threading.Lock()  # guards _written_at
        self._written_at: OrderedDict[str, float] = OrderedDict()  # by uid, the oldest first

    def write(
        self, resource: Resource, meta: Meta, stored: Manifest, wanted: dict[str, Any] | None
    ) -> timedelta | None:
        """
        Store *wanted* as the whole status, if it is not what *stored* says.

        Returns:
            None if that is done, or how long to wait before it may be tried.

        Raises:
            ConflictError: If the object changed since it was read; the next pass sees it.
            NotFoundError: If it is gone.
            OutdatedSchemaError: If the server has dropped a field, as one that its CRD does not
                know. The rest is stored.
        """
        if wanted is None or wanted == stored:
            return None
        seconds = self._seconds_to_wait(meta.uid)
        if seconds > 0:
            return timedelta(seconds=seconds)
        # A merge patch leaves alone what it does not name.
        dropped = dict.fromkeys(stored.keys() - wanted.keys())
        body = {
            "metadata": {"uid": meta.uid, "resourceVersion": meta.resource_version},
            "status": {**wanted, **dropped},
        }
        answer = self._writer.merge_patch(resource, meta.key, body, "status")
        # The next pass would rest on what is not there, and nobody would know why it goes wrong.
        if lost := sorted(wanted.keys() - (answer.get("status") or {}).keys()):
            raise OutdatedSchemaError(
                f"the CRD {resource.plural}.{resource.group} is older than the operator and knows no"
                f" status.{', status.'.join(lost)}: apply the CRDs of this version"
            )
        return None

    def _seconds_to_wait(self, uid: str) -> float:
        """0 if it may be written now, which counts as written."""
        now = self._clock.monotonic()
        with self._lock:
            # Old entries go here, so that there are never more than a second's worth of them.
            while self._written_at:
                oldest = next(iter(self._written_at))
                if now - self._written_at[oldest] < INTERVAL_SECONDS:
                    break
                del self._written_at[oldest]
            if uid in self._written_at:
                return self._written_at[uid] + INTERVAL_SECONDS - now
            self._written_at[uid] = now
            return 0.0
