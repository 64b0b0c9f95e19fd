"""The thread that keeps one store up to date and tells handlers what changed."""

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeAlias

import structlog

from daskop.api.meta import Manifest, NamespacedName, WatchEvent
from daskop.cache.lister_watcher import ListerWatcher
from daskop.cache.reflector import Reflector
from daskop.cache.store import Store, V

Handler: TypeAlias = Callable[[V], None]
"""Called after the store has changed, with the view that came, or that went."""

log = structlog.get_logger(__name__)


class Informer(Generic[V]):
    """
    One resource: reflector, store and handlers.

    Args:
        parse: Makes the view that is stored; what it drops costs no memory.
        on_list: Called after each full list.
    """

    def __init__(
        self,
        name: str,
        source: ListerWatcher,
        store: Store[V],
        parse: Callable[[Manifest], V],
        on_list: Callable[[], None],
    ) -> None:
        self.name = name
        self.store = store
        self._parse = parse
        self._on_list = on_list
        self._handlers: list[Handler[V]] = []
        self._synced = threading.Event()
        self._reflector = Reflector(name, source, self)
        self._thread = threading.Thread(target=self._reflector.run, name=f"informer-{name}")

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
        """End the thread, and wait until it is gone."""
        self._reflector.stop()
        if self._thread.ident is not None:
            self._thread.join()

    def replace(self, pages: Iterable[list[Manifest]]) -> None:
        """Store what was listed; what is stored and was not listed is gone."""
        listed: set[Hashable] = set()
        for items in pages:
            for manifest in items:
                self._put(manifest)
                listed.add(_key(manifest))
        for key in self.store.snapshot():
            if key not in listed:
                self._pop(key)
        self._on_list()
        self._synced.set()

    def apply(self, event: WatchEvent) -> None:
        """Store one change."""
        if event.type == "DELETED":
            self._pop(_key(event.object))
        else:
            self._put(event.object)

    def _put(self, manifest: Manifest) -> None:
        view = None
        with self._surviving("object_unreadable", _key(manifest)):
            view = self._parse(manifest)
        if view is None:
            self._pop(_key(manifest))
            return
        old = self.store.put(view)
        if old is not None and old.meta.uid != view.meta.uid:
            self._tell(old)  # deleted and made anew between two looks: two changes
        self._tell(view)

    def _pop(self, key: NamespacedName) -> None:
        old = self.store.pop(key)
        if old is not None:
            self._tell(old)

    def _tell(self, view: V) -> None:
        for handler in self._handlers:
            with self._surviving("handler_failed", view.meta.key):
                handler(view)

    @contextmanager
    def _surviving(self, failure: str, key: NamespacedName) -> Iterator[None]:
        """Log whatever goes wrong with one object: it must not end the watch of all others."""
        try:
            yield
        except Exception:
            log.exception(failure, resource=self.name, key=str(key))


def _key(manifest: Manifest) -> NamespacedName:
    metadata = manifest["metadata"]
    return NamespacedName(metadata.get("namespace", ""), metadata["name"])
