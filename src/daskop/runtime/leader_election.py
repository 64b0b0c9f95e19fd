"""
Leader election on a Lease, with the protocol of client-go's leaderelection.

Everybody measures by the own monotonic clock, and no time in the record is trusted: a leader
counts from before it sent a renewal and gives up after ``renew_deadline_seconds``, a follower
counts from after it saw one and waits for ``lease_seconds``. The difference is what a write may
take that passed the gate in time.
"""

import math
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from daskop.api.meta import Manifest, NamespacedName
from daskop.api.resources import LEASES
from daskop.clock import Clock
from daskop.errors import (
    AlreadyExistsError,
    ConflictError,
    DaskopError,
    InvalidError,
    NotFoundError,
    NotLeaderError,
)
from daskop.log import Surviving
from daskop.runtime.writer import Writer

JITTER: Final = 0.8
"""A try comes after 0.8 to 1 times the retry period, so that replicas do not keep step."""

MICRO_TIME: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
"""RFC 3339 in UTC with six digits, the only form that the server takes."""

STOP_SECONDS: Final = 5.0
"""A server that has not taken the release by then is sick, and the lease runs out by itself."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """
    The periods of the protocol; the defaults are those of Kubernetes' own components, but for one.

    Attributes:
        lease_seconds: A follower takes a lease that it has not seen change for so long.
        renew_deadline_seconds: A leader that could not renew for so long leads no more.
        retry_seconds: The time between two tries, before jitter. With Kubernetes' 2 s a leader that
            is killed right after a renewal would be missed for more than 17 s.
    """

    lease_seconds: int = 15
    renew_deadline_seconds: float = 10.0
    retry_seconds: float = 1.5

    def __post_init__(self) -> None:
        if self.lease_seconds <= self.renew_deadline_seconds:
            raise ValueError("the lease must last longer than the renew deadline")
        if not 0 < self.retry_seconds < self.renew_deadline_seconds:
            raise ValueError("the renew deadline must be longer than the retry period")


class LeaderElector:
    """
    A candidate for a lease, with a thread that tries to get it and then renews it.

    Args:
        writer: Sends the requests. Its timeouts must be short (a few seconds in all, retries
            included): a request that hangs past the renew deadline cannot be repeated in time,
            and delays *on_lost*; :meth:`check` does not depend on it.
        key: The Lease.
        identity: Who we are; no other process, an earlier one of ours included, may have it.
        on_lost: Called once, in the elector's thread, when we led and may not any more. The
            process should exit there; the elector does not try again.
    """

    def __init__(
        self,
        writer: Writer,
        key: NamespacedName,
        identity: str,
        clock: Clock,
        times: LeaseTimes = LeaseTimes(),
        *,
        on_lost: Callable[[], None],
    ) -> None:
        if not identity:
            raise ValueError("an empty identity means that nobody holds the lease")
        self._writer = writer
        self._key = key
        self._identity = identity
        self._clock = clock
        self._times = times
        self._on_lost = on_lost
        self._thread = threading.Thread(target=self._run, name="leader-election", daemon=True)
        self._stopped = threading.Event()
        self._decided = threading.Event()  # we lead, or will not any more
        self._lost = False
        self._began: float | None = None  # monotonic, of the last renewal; None: we never led
        self._seen: Manifest | None = None  # the Lease as we last read or wrote it
        self._free_at = 0.0  # monotonic, when the lease as we know it has run out
        self.trouble: DaskopError | None = None  # the last failure, until a try succeeds

    def start(self) -> None:
        """Begin to try."""
        self._thread.start()

    def wait_until_leader(self, seconds: float) -> bool:
        """Wait for at most *seconds*, or until the elector ends; whether we lead."""
        self._decided.wait(seconds)
        return self.is_leader

    @property
    def is_leader(self) -> bool:
        """Whether the last renewal began less than the renew deadline ago, and we go on."""
        return not self._lost and not self._stopped.is_set() and 0 < self._left() < math.inf

    def check(self) -> None:
        """
        Pass if we lead: the gate before every write.

        Raises:
            NotLeaderError: If we do not, as after the process was stopped past its lease.
        """
        if not self.is_leader:
            raise NotLeaderError(f"{self._identity} does not hold the lease {self._key}")

    @property
    def alive(self) -> bool:
        """Whether the thread lives."""
        return self._thread.is_alive()

    @property
    def failed(self) -> bool:
        """Whether the thread has died, or we led, could not renew for a lease, and are still here."""
        margin = self._times.lease_seconds - self._times.renew_deadline_seconds
        died = self._thread.ident is not None and not self.alive
        return not self._stopped.is_set() and (died or self._left() < -margin)

    def stop(self) -> None:
        """
        End the thread, and release the lease if we lead; whatever writes must have ended before.

        It takes at most 5 s; only without :meth:`start` the requests are the caller's own.
        """
        self._stopped.set()
        self._decided.set()
        if self._thread.ident is None:
            self._release()
        elif self._thread is not threading.current_thread():
            self._thread.join(STOP_SECONDS)
            if self._thread.is_alive():
                log.warning("lease_release_timed_out", seconds=STOP_SECONDS)

    def try_acquire_or_renew(self) -> bool:
        """Make one try, without waiting; whether we lead after it. The thread's business."""
        if self._lost or self._stopped.is_set():
            return False
        if not self._why_lost():  # a process that was stopped for too long tries no more
            self._attempt()
        reason = self._why_lost()
        if reason and not self._stopped.is_set():
            self._lost = True
            log.error("leadership_lost", reason=reason)
            self._on_lost()
        return self.is_leader

    def _run(self) -> None:
        pause = 0.0
        while not self._stopped.wait(pause):
            self.try_acquire_or_renew()
            if self._lost:
                return
            pause = self._times.retry_seconds * random.uniform(JITTER, 1)  # noqa: S311 - no secret
            left = self._free_at - self._clock.monotonic()  # a follower comes on time
            pause = max(0.0, min(pause, self._left(), left if left > 0 else pause))
        self._release()

    def _left(self) -> float:
        """Seconds until the renew deadline; infinitely many if we do not lead."""
        began = self._began  # before the clock is read, or it could be the later of the two
        deadline = math.inf if began is None else began + self._times.renew_deadline_seconds
        return deadline - self._clock.monotonic()

    def _why_lost(self) -> str:
        """The reason why one who led may not any more, or an empty string."""
        if self._left() <= 0:
            return "the lease was not renewed in time"
        if self._began is None or _holder(self._seen) in ("", self._identity):
            return ""
        return f"{_holder(self._seen)} took the lease"

    def _attempt(self) -> None:
        """Make one try; whatever goes wrong is a try that failed."""
        trouble: DaskopError | None = None
        with Surviving("lease_try_crashed"):
            try:
                self._acquire_or_renew()
            except (AlreadyExistsError, ConflictError) as error:  # another was faster
                log.debug("lease_contended", error=str(error))
            except DaskopError as error:
                trouble = error
                # Once, not every two seconds of an outage.
                if type(error) is not type(self.trouble):
                    log.warning("lease_try_failed", error=str(error))
        self.trouble = trouble

    def _acquire_or_renew(self) -> None:
        if self._began is not None and self._seen is not None:
            with suppress(ConflictError, InvalidError, NotFoundError):  # not as we know it
                self._take(self._seen)
                return
        lease = self._read()
        ran_out = self._clock.monotonic() >= self._free_at
        # Our own name without our knowing is an earlier write whose answer was lost.
        if ran_out or _holder(lease) in ("", self._identity):
            self._take(lease)

    def _read(self) -> Manifest | None:
        """Look at the lease, and note when it is not what we saw before."""
        try:
            lease = self._writer.get(LEASES, self._key)
        except NotFoundError:
            self._seen = None
            return None
        if lease != self._seen:
            self._saw(lease)
        return lease

    def _saw(self, lease: Manifest) -> None:
        """Note a change, as of after the answer: too late is safe, too early is not."""
        if _holder(lease) != _holder(self._seen):
            log.info("lease_holder_changed", holder=_holder(lease))
        self._seen = lease
        # The holder gives up by its own times, which may not be ours.
        lasts = max(_spec(lease).get("leaseDurationSeconds") or 0, self._times.lease_seconds)
        self._free_at = self._clock.monotonic() + lasts

    def _take(self, lease: Manifest | None) -> None:
        """Write the lease as ours, on the condition that it is still *lease*."""
        began = self._clock.monotonic()
        if lease is not None:
            answer = self._patch(lease, self._as_ours(lease))
        else:
            metadata = {"namespace": self._key.namespace, "name": self._key.name}
            head = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": metadata}
            answer = self._writer.create(LEASES, {**head, "spec": self._as_ours(None)})
        self._saw(answer)
        last = began if self._began is None else self._began
        # An answer that took too long is none: others may see the lease run out.
        if self._clock.monotonic() - last < self._times.renew_deadline_seconds:
            self._began = began
            self._decided.set()

    def _patch(self, lease: Manifest, spec: Manifest) -> Manifest:
        metadata = {name: lease["metadata"][name] for name in ("uid", "resourceVersion")}
        return self._writer.merge_patch(LEASES, self._key, {"metadata": metadata, "spec": spec})

    def _as_ours(self, lease: Manifest | None) -> Manifest:
        """What to write into *lease* to make or keep it ours."""
        old, ours, time = _spec(lease), _holder(lease) == self._identity, self._clock.now()
        if time.strftime(MICRO_TIME) == old.get("renewTime"):  # again, it would change nothing
            time += timedelta(microseconds=1)
        now = time.strftime(MICRO_TIME)
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": self._times.lease_seconds,
            "acquireTime": (old.get("acquireTime") if ours else None) or now,
            "renewTime": now,
            "leaseTransitions": (old.get("leaseTransitions") or 0) + bool(old and not ours),
        }

    def _release(self) -> None:
        """Let others have the lease if it is ours; if that fails, it runs out by itself."""
        if self._began is None or self._lost:
            return
        self._began = None
        with Surviving("lease_release_failed"):
            lease = self._read()
            if lease is not None and _holder(lease) == self._identity:
                # The second is client-go's, for those who look at nothing else; 0 is invalid.
                self._patch(lease, {"holderIdentity": "", "leaseDurationSeconds": 1})
                log.info("lease_released")


def _spec(lease: Manifest | None) -> Manifest:
    """The record; others write it too, so that every field may be missing."""
    return (lease or {}).get("spec") or {}


def _holder(lease: Manifest | None) -> str:
    """Who holds it; an empty string is nobody, as after a release."""
    return _spec(lease).get("holderIdentity") or ""
