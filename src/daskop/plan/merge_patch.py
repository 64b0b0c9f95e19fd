"""The JSON merge patch (RFC 7396) between two states of an object."""

import json
from typing import Any

from daskop.api.meta import Manifest


def merge_patch(old: Manifest, new: Manifest) -> dict[str, Any]:
    """What has to be merged into *old* to make it *new*; empty if they are the same."""
    # A merge patch cannot write a null: those of users count as nothing, also within lists, out of
    # which the API server takes them.
    return _difference(_without_nulls(old), _without_nulls(new))


def _difference(old: Manifest, new: Manifest) -> dict[str, Any]:
    """The patch between two states that have no nulls."""
    patch: dict[str, Any] = {}
    for key in sorted(old.keys() | new.keys()):  # sorted: the same input gives the same plan
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            inner = _difference(before, after)
            if inner:
                patch[key] = inner
        elif not _same(before, after):
            patch[key] = after
    return patch


def _same(before: Any, after: Any) -> bool:
    """Whether both are the same in JSON, where 1 is not true."""
    if isinstance(before, list) and isinstance(after, list):
        return json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)
    return isinstance(before, bool) == isinstance(after, bool) and bool(before == after)


def _without_nulls(value: Any) -> Any:
    """*value* without the entries of objects that are null."""
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(entry) for entry in value]
    return value
