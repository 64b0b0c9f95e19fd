"""The thread that keeps one store up to date and tells handlers what changed."""

import threading
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from daskop.api.meta import HasMeta, Manifest, NamespacedName, WatchEvent
from daskop.cache.backoff import Backoff
from daskop.cache.lister_watcher import ListerWatcher
from daskop.cache.reflector import Reflector
from daskop.cache.store import Store, V
from daskop.cache.versions import is_older
from daskop.clock import Clock
from daskop.log import surviving
from daskop.metrics import InformerMetrics

V_co = TypeVar("V_co", bound=HasMeta, covariant=True)


@dataclass(frozen=True, slots=True)
class Change(Generic[V_co]):
    """
    What happened to one object, as far as we saw it; one that was replaced under its name by
    another one is two changes.

    Attributes:
        old: The view that was stored; None if the object is new to us.
        new: The view that is stored now; None if the object is gone. It may have gone unseen,
            while the watch was interrupted: *old* is what was last known of it (client-go's
            ``DeletedFinalStateUnknown``).
        listed: Whether a full list told us, not a watch: all of that is old news.
    """

    old: V_co | None
    new: V_co | None
    listed: bool = False

    @property
    def views(self) -> tuple[V_co, ...]:
        """The one or two views there are, the newer one first."""
        return tuple(view for view in (self.new, self.old) if view is not None)


Handler: TypeAlias = Callable[[Change[V]], None]
"""Called after the store has changed, in the informer's thread: it must be quick."""


class Informer(Generic[V]):
    """
    One resource: reflector, store and handlers.

    Args:
        parse: Makes the view that is stored; what it drops costs no memory.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parts it joins
        self,
        name: str,
        source: ListerWatcher,
        store: Store[V],
        parse: Callable[[Manifest], V],
        metrics: InformerMetrics,
        clock: Clock,
        backoff: Backoff | None = None,
    ) -> None:
        self.name = name
        self.store = store
        self._parse = parse
        self._metrics = metrics
        self._clock = clock
        self._handlers: list[Handler[V]] = []
        self._synced = threading.Event()
        self._lock = threading.Lock()  # guards _version together with the store
        self._version = ""  # everything up to here has been stored
        self._told_at = clock.monotonic()
        self._reflector = Reflector(name, source, self, clock, backoff or Backoff())
        self._thread = threading.Thread(target=self._reflector.run, name=f"informer-{name}")
        metrics.objects.set_function(lambda: len(store))
        metrics.last_event_age.set_function(lambda: clock.monotonic() - self._told_at)

    def add_handler(self, handler: Handler[V]) -> None:
        """Call *handler* for each change; to be called before :meth:`start`."""
        self._handlers.append(handler)

    @property
    def alive(self) -> bool:
        """Whether the thread lives."""
        return self._thread.is_alive()

    @property
    def has_synced(self) -> bool:
        """Whether the store has held all that the server listed."""
        return self._synced.is_set()

    def wait_until_synced(self, seconds: float) -> bool:
        """Wait for the first full list; False if it did not come in time."""
        return self._synced.wait(seconds)

    def start(self) -> None:
        """Begin to list and watch."""
        self._thread.start()

    def stop(self) -> None:
        """Have the thread end."""
        self._reflector.stop()

    def join(self) -> None:
        """Wait until the thread is gone."""
        if self._thread.ident is not None:
            self._thread.join()

    def learn(self, manifest: Manifest) -> bool:
        """
        Store what the server has just answered, so that the next pass sees our own writes.

        Handlers are not told: the watch brings the same in a moment.

        Returns:
            False if the watch is past this object's version, and the object is not stored: it
            went meanwhile, or we missed it.
        """
        key, version = _key(manifest), manifest["metadata"]["resourceVersion"]
        with self._lock:
            if not self.has_synced:
                return True
            if not is_older(self._version, version):
                return key in self.store
            view = self._view(manifest)
            if view is not None and self._is_news(key, version):
                self.store.put(view)
            return True

    def suspect(self) -> None:
        """List anew soon: an object was missed."""
        self._reflector.suspect()

    def replace(self, pages: Iterable[tuple[list[Manifest], str]]) -> str:
        """Store what was listed; what is stored and was not listed is gone."""
        listed: set[Hashable] = set()
        version = ""
        for items, version in pages:  # noqa: B007 - the last one counts
            for manifest in items:
                self._put(_key(manifest), self._view(manifest), listed=True)
                listed.add(_key(manifest))
        for key in self.store.snapshot():
            if key not in listed:
                self._put(key, None, listed=True)
        with self._lock:
            self._version = version
        self._metrics.lists.inc()
        self._metrics.synced.set(1)
        self._told_at = self._clock.monotonic()
        self._synced.set()
        return version

    def watching(self) -> None:
        """Count a watch that begins."""
        self._metrics.watches.inc()

    def apply(self, event: WatchEvent) -> None:
        """Store one change."""
        self._told_at = self._clock.monotonic()
        version = event.object["metadata"]["resourceVersion"]
        if event.type == "BOOKMARK":
            with self._lock:
                self._version = version
            return
        key, view = _key(event.object), self._view(event.object)
        with self._lock:
            self._version = version
            news = self._is_news(key, version)
            new = None if event.type == "DELETED" else view
            old = self._exchange(key, new) if news else self.store.get(key)
        if news:
            self._tell_exchange(old, new)
        elif view is not None:
            self._tell(Change(view, None if event.type == "DELETED" else old))

    def _is_news(self, key: NamespacedName, version: str) -> bool:
        """Whether *version* is not older than what is stored, which we may have written."""
        stored = self.store.get(key)
        return stored is None or not is_older(version, stored.meta.resource_version)

    def _put(self, key: NamespacedName, new: V | None, *, listed: bool) -> None:
        with self._lock:
            old = self._exchange(key, new)
        self._tell_exchange(old, new, listed=listed)

    def _exchange(self, key: NamespacedName, new: V | None) -> V | None:
        return self.store.pop(key) if new is None else self.store.put(new)

    def _tell_exchange(self, old: V | None, new: V | None, *, listed: bool = False) -> None:
        if old is None and new is None:
            return
        if old is not None and new is not None and old.meta.uid != new.meta.uid:
            self._tell(Change(old, None, listed))
            old = None
        self._tell(Change(old, new, listed))

    def _tell(self, change: Change[V]) -> None:
        for handler in self._handlers:
            with surviving("handler_failed", resource=self.name, key=str(change.views[0].meta.key)):
                handler(change)

    def _view(self, manifest: Manifest) -> V | None:
        """The view of *manifest*; None if it cannot be read."""
        with surviving("object_unreadable", resource=self.name, key=str(_key(manifest))):
            return self._parse(manifest)
        return None


def _key(manifest: Manifest) -> NamespacedName:
    metadata = manifest["metadata"]
    return NamespacedName(metadata.get("namespace", ""), metadata["name"])
