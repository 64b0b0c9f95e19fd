"""Writes Kubernetes Events, in a thread of its own: telling must never hold up doing."""

import random
import threading
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

import structlog

from daskop.api.conditions import rfc3339
from daskop.api.meta import Meta, NamespacedName
from daskop.api.resources import EVENTS, Resource
from daskop.clock import Clock
from daskop.errors import (
    AlreadyExistsError,
    ApiError,
    ConnectionFailedError,
    DaskopError,
    NotFoundError,
    NotLeaderError,
    ServerError,
    TooManyRequestsError,
)
from daskop.log import Surviving
from daskop.metrics import EventFate, Metrics
from daskop.plan.actions import Event
from daskop.runtime.event_correlator import EventCorrelator, Report
from daskop.runtime.writer import Writer

COMPONENT: Final = "daskop"
"""Who reports, in every Event."""

QUEUE_LENGTH: Final = 1000
"""Events that may wait to be written; client-go's ``maxQueuedEvents``."""

TRIES: Final = 12
"""Requests for one Event; client-go's ``maxTriesPerEvent``."""

RETRY_SECONDS: Final = 10.0
"""Between two tries; client-go's ``defaultSleepDuration``."""

STOP_SECONDS: Final = 0.5
"""How long :meth:`EventRecorder.stop` waits for a request that hangs."""

REASON_BYTES: Final = 128
MESSAGE_BYTES: Final = 1024
"""The API server's limits; it counts bytes of UTF-8."""

PASSING: Final = (ConnectionFailedError, ServerError, TooManyRequestsError)
"""Failures of the server and not of the Event: the same request may succeed later."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Write:
    """An Event object, and whether it should be there, with older figures."""

    key: NamespacedName
    manifest: dict[str, Any]
    repeated: bool

    @property
    def patch(self) -> dict[str, Any]:
        """What changes from one report to the next."""
        return {field: self.manifest[field] for field in ("count", "lastTimestamp", "message")}


class EventRecorder:
    """
    Takes events from any thread, and writes them one after the other.

    Every recorded event ends in one fate, which ``Metrics.events`` counts.

    Args:
        reporting_instance: Which replica reports: the name of its Pod.
    """

    def __init__(
        self, writer: Writer, clock: Clock, metrics: Metrics, reporting_instance: str
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._metrics = metrics
        self._reporting_instance = reporting_instance
        self._changed = threading.Condition()  # guards everything below
        self._correlator = EventCorrelator(clock)
        self._queue: deque[_Write] = deque()
        self._writing = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def start(self) -> None:
        """Begin to write; what was recorded before waits in the queue."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread lives."""
        return self._thread.is_alive()

    def record(self, resource: Resource, meta: Meta, event: Event) -> None:
        """
        Tell *event* about the object of *resource* that *meta* is of.

        Never waits and never raises: an event that cannot be kept is dropped and counted.
        """
        fate: EventFate | None = "failed"
        with Surviving("event_unreadable", reason=event.reason, key=meta.key):
            fate = self._enqueue(resource, meta, event)
        if fate is not None:
            self._count(fate)

    def flush(self, seconds: float) -> bool:
        """Wait until every event has met its fate; False if that took longer than *seconds*."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._queue or self._writing), seconds)

    def stop(self) -> None:
        """
        Drop what waits and end the thread, also while it waits between two tries.

        A request that hangs is left behind after half a second: it must not hold up what comes
        next in a shut-down. The thread ends with it.
        """
        with self._changed:
            self._stopping = True
            dropped = len(self._queue)
            self._queue.clear()
            self._changed.notify_all()
        self._count("dropped", dropped)
        if self._thread.ident is not None:
            self._thread.join(STOP_SECONDS)
            if self.alive:
                log.warning("event_write_hangs")

    def _enqueue(self, resource: Resource, meta: Meta, event: Event) -> EventFate | None:
        """Return the fate of an event that is not going to be written."""
        with self._changed:  # the whole time: of two reports of one name the older comes first
            if self._stopping or len(self._queue) >= QUEUE_LENGTH:
                return "dropped"
            report = self._correlator.correlate(resource, meta, event)
            if report is None:
                return "suppressed"
            manifest = _manifest(resource, meta, event, report, self._reporting_instance)
            key = NamespacedName(meta.key.namespace, report.name)
            self._queue.append(_Write(key, manifest, report.repeated))
            self._changed.notify_all()
        return None

    def _run(self) -> None:
        while (write := self._next()) is not None:
            fate: EventFate = "failed"
            with Surviving("event_crashed", key=write.key):
                fate = self._deliver(write)
            self._count(fate)
            with self._changed:
                self._writing = False
                self._changed.notify_all()

    def _next(self) -> _Write | None:
        """Wait for an event and take it; None once the recorder is stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._stopping)
            if self._stopping:
                return None
            self._writing = True
            return self._queue.popleft()

    def _deliver(self, write: _Write) -> EventFate:
        """Try until the event has met its fate."""
        tries = 0
        while True:
            tries += 1
            try:
                return self._attempt(write)
            except PASSING as error:
                if tries == TRIES:
                    log.warning("event_given_up", key=str(write.key), error=str(error))
                    return "failed"
                if not self._rest(pause_seconds(tries, error)):
                    return "dropped"

    def _attempt(self, write: _Write) -> EventFate:
        """Try once; raises what is in ``PASSING``."""
        try:
            self._put(write)
        except PASSING:
            raise
        except NotLeaderError:
            return "dropped"
        except AlreadyExistsError:
            pass  # an earlier try succeeded, but its answer was lost
        except ApiError as error:
            log.debug("event_refused", key=str(write.key), error=str(error))
            return "failed"
        return "written"

    def _put(self, write: _Write) -> None:
        if write.repeated:
            try:
                self._writer.merge_patch(EVENTS, write.key, write.patch)
            except NotFoundError:
                pass  # the server keeps an Event for an hour
            else:
                return
        self._writer.create(EVENTS, write.manifest)

    def _rest(self, seconds: float) -> bool:
        """Let *seconds* pass; False, and at once, if the recorder is stopped."""
        due = self._clock.monotonic() + seconds
        with self._changed:
            while not self._stopping and (left := due - self._clock.monotonic()) > 0:
                self._changed.wait(left)
            return not self._stopping

    def _count(self, fate: EventFate, events: int = 1) -> None:
        self._metrics.events.labels(fate).inc(events)


def pause_seconds(tries: int, failure: DaskopError) -> float:
    """How long to wait after so many tries; after the first one at random, as in client-go."""
    # So that the replicas of all operators do not come back to a restarted server at once.
    share = random.random() if tries == 1 else 1.0  # noqa: S311 - no secret
    wished = failure.retry_after_seconds if isinstance(failure, ApiError) else 0.0
    return max(RETRY_SECONDS * share, wished)


def _manifest(
    resource: Resource, meta: Meta, event: Event, report: Report, reporting_instance: str
) -> dict[str, Any]:
    """The core/v1 Event: the one that ``kubectl describe`` shows."""
    return {
        "apiVersion": EVENTS.api_version,
        "kind": EVENTS.kind,
        "metadata": {"name": report.name, "namespace": meta.key.namespace},
        "involvedObject": {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "namespace": meta.key.namespace,
            "name": meta.key.name,
            "uid": meta.uid,
            "resourceVersion": meta.resource_version,
        },
        "reason": _cut(event.reason, REASON_BYTES),
        "message": _cut(report.message, MESSAGE_BYTES),
        "type": "Warning" if event.warning else "Normal",
        "firstTimestamp": rfc3339(report.first),
        "lastTimestamp": rfc3339(report.last),
        "count": report.count,
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "reportingInstance": reporting_instance,
    }


def _cut(text: str, limit: int) -> str:
    """The text in *limit* bytes: of a long one head and tail, where a server says what is wrong."""
    raw = text.encode()
    if len(raw) <= limit:
        return text
    kept = limit - len("…".encode())
    head, tail = raw[: kept - kept // 2], raw[-(kept // 2) :]
    return f"{head.decode(errors='ignore')}…{tail.decode(errors='ignore')}"
