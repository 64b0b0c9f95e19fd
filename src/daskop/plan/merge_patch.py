"""The JSON merge patch (RFC 7396) between two states of an object."""

from typing import Any

from daskop.api.meta import Manifest


def merge_patch(old: Manifest, new: Manifest) -> dict[str, Any]:
    """What has to be merged into *old* to make it *new*; empty if they are the same."""
    patch: dict[str, Any] = {}
    for key in sorted(old.keys() | new.keys()):  # sorted: the same input gives the same plan
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            inner = merge_patch(before, after)
            if inner:
                patch[key] = inner
        elif before != after:  # None and nothing are the same to a merge patch
            patch[key] = after
    return patch
