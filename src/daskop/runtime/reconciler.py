"""What a controller loop runs."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from daskop.api.meta import NamespacedName


@dataclass(frozen=True, slots=True)
class Result:
    """
    How a pass ended well.

    Attributes:
        requeue_after: When to look again although nothing changed; zero means at once, but
            behind all keys that wait.
    """

    requeue_after: timedelta | None = None


class Reconciler(Protocol):
    """Brings one object closer to what its spec says."""

    name: str

    def reconcile(self, key: NamespacedName) -> Result:
        """
        Make one pass over the object *key*, which may be gone.

        Raises:
            DaskopError: If the pass could not be finished; it is tried again later.
        """
