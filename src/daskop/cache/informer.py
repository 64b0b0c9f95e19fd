"""The thread that keeps one store up to date and tells handlers what changed."""

import threading
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from daskop.api.meta import HasMeta, Manifest, NamespacedName, WatchEvent
from daskop.cache.backoff import Backoff
from daskop.cache.lister_watcher import ListerWatcher
from daskop.cache.reflector import Reflector
from daskop.cache.store import Store, V
from daskop.cache.versions import is_older
from daskop.clock import Clock
from daskop.log import Surviving
from daskop.metrics import InformerMetrics

V_co = TypeVar("V_co", bound=HasMeta, covariant=True)


class Change(NamedTuple, Generic[V_co]):
    """
    What the server told of one object; one that was replaced under its name by another one is two
    changes.

    Attributes:
        old: What was told before; None if the object is new.
        new: What is told now; None if the object is gone. It may have gone unseen, while the watch
            was interrupted: *old* is what was last known of it (client-go's
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
        label: Only objects that carry it are told of by *source*; empty for all.
        namespace: *source* tells only of this one; empty for all. Others may use *store* for theirs.
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
        label: str = "",
        namespace: str = "",
    ) -> None:
        self.name = name
        self.namespace = namespace
        self._label = label
        self.store = store
        self._parse = parse
        self._metrics = metrics
        self._clock = clock
        self._handlers: list[Handler[V]] = []
        self._synced = threading.Event()
        self._lock = threading.Lock()  # guards what follows, together with the store
        self._version = ""  # everything up to here has been stored, or is being listed
        self._listing = True  # not everything that was listed is stored yet
        # Where we have learned of a later state than the server has told: what it told last.
        self._ahead: dict[NamespacedName, V | None] = {}
        self._told_at = clock.monotonic()
        self._reflector = Reflector(name, source, self, clock, backoff or Backoff())
        self._thread = threading.Thread(
            target=self._reflector.run, name="-".join(filter(None, ("informer", name, namespace)))
        )
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

    @property
    def refusal(self) -> str:
        """The server's words for a list or watch that it does not allow; else empty."""
        return self._reflector.refusal

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
        if self._label and self._label not in (manifest["metadata"].get("labels") or {}):
            return True  # its end would not be told
        with self._lock:
            stored = self.store.get(key)
            # The watch is past this state of the object: what it showed since is newer, or it went.
            if not is_older(self._version, version):
                return stored is not None or self._listing
            if stored is None or is_older(stored.meta.resource_version, version):
                view = self._view(manifest, key)
                if view is not None:
                    self._ahead.setdefault(key, stored)
                    self.store.put(view)
            return True

    def suspect(self) -> None:
        """List anew soon: an object was missed."""
        self._reflector.suspect()

    def replace(self, pages: Iterable[tuple[list[Manifest], str]]) -> str:
        """Store what was listed; what is stored and was not listed is gone."""
        listed: set[Hashable] = set()
        version = ""
        for items, version in pages:
            self._begin_list(version)
            items.reverse()
            while items:  # taken apart, so that not two pages are in memory at a time
                manifest = items.pop()
                key = _key(manifest)
                self._take(key, self._view(manifest, key), version, listed=True)
                listed.add(key)
        # client-go's tombstones: these went while nobody watched.
        for key in self.store.snapshot():
            if key not in listed and self.namespace in {"", key.namespace}:
                self._take(key, None, version, listed=True)
        with self._lock:
            self._listing = False
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
        # A bookmark has no object: it says how far the server is, which keeps our version young.
        if event.type == "BOOKMARK":
            with self._lock:
                self._version = version
            return
        key = _key(event.object)
        new = None if event.type == "DELETED" else self._view(event.object, key)
        self._take(key, new, version)

    def _begin_list(self, version: str) -> None:
        """From now on what is learned counts only if it is newer than the list."""
        with self._lock:
            if is_older(version, self._version):
                self._ahead.clear()  # a restored server: what we learned was another past
            self._version = version
            self._listing = True

    def _take(
        self, key: NamespacedName, new: V | None, version: str, *, listed: bool = False
    ) -> None:
        """Take in what the server tells of one object as of *version*, and tell handlers."""
        with self._lock:
            if not listed:
                self._version = version
            stored = self.store.get(key)
            told = self._ahead.get(key, stored)
            if key in self._ahead and stored and is_older(version, stored.meta.resource_version):
                self._ahead[key] = new  # we have learned of a later state, which stays stored
                stored = None
            else:
                self._ahead.pop(key, None)
                self.store.put(new) if new is not None else self.store.pop(key)
        for change in _changes(told, stored, new, listed=listed):
            self._tell(key, change)

    def _tell(self, key: NamespacedName, change: Change[V]) -> None:
        for handler in self._handlers:
            with Surviving("handler_failed", resource=self.name, key=key):
                handler(change)

    def _view(self, manifest: Manifest, key: NamespacedName) -> V | None:
        """The view of *manifest*; None if it cannot be read."""
        with Surviving("object_unreadable", resource=self.name, key=key):
            return self._parse(manifest)
        return None


def _key(manifest: Manifest) -> NamespacedName:
    metadata = manifest["metadata"]
    return NamespacedName(metadata.get("namespace", ""), metadata["name"])


def _changes(told: V | None, stored: V | None, new: V | None, *, listed: bool) -> list[Change[V]]:
    """
    What to tell of one object.

    *told* is what handlers were told last, *stored* what has been stored since and is not any more,
    *new* what the server tells; the first two are often the same.
    """
    if new is not None and told is stored and (told is None or told.meta.uid == new.meta.uid):
        return [Change(told, new, listed)]  # nearly every event of a watch
    uid = new.meta.uid if new is not None else None
    before: dict[str, V] = {}
    for view in (told, stored):
        if view is not None:
            before.setdefault(view.meta.uid, view)
    changes = [Change(view, None, listed) for view in before.values() if view.meta.uid != uid]
    if new is not None:
        known = told is not None and told.meta.uid == uid
        changes.append(Change(told if known else None, new, listed))
    return changes
