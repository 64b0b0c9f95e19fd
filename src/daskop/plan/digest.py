"""A short name for a part of a spec, by which two of them are told apart."""

import hashlib
import json

from daskop.api.meta import Manifest


def digest(manifest: Manifest) -> str:
    """Ten hex digits that depend on what *manifest* says, not on the order of its keys."""
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:10]
