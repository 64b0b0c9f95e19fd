"""Writes ``status``, through its subresource, and only where it differs."""

from typing import Any

from daskop.api.meta import Manifest, Meta
from daskop.api.resources import Resource
from daskop.runtime.applier import Writer


class StatusWriter:
    """The only writer of status."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def write(
        self, resource: Resource, meta: Meta, stored: Manifest, wanted: dict[str, Any] | None
    ) -> None:
        """
        Store *wanted* as the whole status, if it is not what *stored* says.

        Raises:
            ConflictError: If the object changed since it was read; the next pass sees it.
            NotFoundError: If it is gone.
        """
        if wanted is None or wanted == stored:
            return
        dropped = dict.fromkeys(stored.keys() - wanted.keys())
        body = {
            "metadata": {"uid": meta.uid, "resourceVersion": meta.resource_version},
            "status": {**wanted, **dropped},
        }
        self._writer.merge_patch(resource, meta.key, body, "status")
