"""A thread-safe, indexed set of views. What leaves it is immutable."""

import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from typing import Generic, Protocol, TypeAlias, TypeVar

from daskop.api.meta import HasMeta, NamespacedName

V = TypeVar("V", bound=HasMeta)

IndexFunction: TypeAlias = Callable[[V], tuple[Hashable, ...]]
"""The values under which a view is found in one index."""


class Lister(Protocol[V]):
    """The read-only face of a store."""

    def get(self, key: NamespacedName) -> V | None:
        """The view of that key, or None."""

    def by_index(self, index: str, value: Hashable) -> list[V]:
        """All views that *index* files under *value*, in no order."""

    def __contains__(self, key: object) -> bool: ...


class Store(Generic[V]):
    """Views by key, and by each of *indices*."""

    def __init__(self, indices: Mapping[str, IndexFunction[V]] | None = None) -> None:
        self._functions = dict(indices or {})
        # One lock for all: each step is a few dict operations, and never calls out.
        self._lock = threading.Lock()  # guards _views and _index
        self._views: dict[NamespacedName, V] = {}
        self._index: dict[str, dict[Hashable, set[NamespacedName]]] = {
            name: defaultdict(set) for name in self._functions
        }

    def get(self, key: NamespacedName) -> V | None:
        """The view of that key, or None."""
        with self._lock:
            return self._views.get(key)

    def by_index(self, index: str, value: Hashable) -> list[V]:
        """All views that *index* files under *value*, in no order."""
        with self._lock:
            return [self._views[key] for key in self._index[index].get(value, ())]

    def snapshot(self) -> list[NamespacedName]:
        """All keys at this moment."""
        with self._lock:
            return list(self._views)

    def put(self, view: V) -> V | None:
        """Store *view*, and return the one it replaces."""
        key = view.meta.key
        with self._lock:
            old = self._views.get(key)
            self._views[key] = view
            for name, function in self._functions.items():
                before = function(old) if old is not None else ()
                after = function(view)
                if before != after:  # most changes are none for an index
                    self._unfile(name, before, key)
                    for value in after:
                        self._index[name][value].add(key)
            return old

    def pop(self, key: NamespacedName) -> V | None:
        """Remove and return the view of *key*, if there is one."""
        with self._lock:
            old = self._views.pop(key, None)
            if old is not None:
                for name, function in self._functions.items():
                    self._unfile(name, function(old), key)
            return old

    def __contains__(self, key: object) -> bool:
        with self._lock:
            return key in self._views

    def __len__(self) -> int:
        with self._lock:
            return len(self._views)

    def _unfile(self, name: str, values: tuple[Hashable, ...], key: NamespacedName) -> None:
        for value in values:
            filed = self._index[name][value]
            filed.discard(key)
            if not filed:
                del self._index[name][value]


def by_controller(view: HasMeta) -> tuple[str, ...]:
    """An index function: the uid of the owner that controls an object."""
    controller = view.meta.controller
    return (controller.uid,) if controller else ()
