"""From bytes that the server sent to plain dicts."""

import re
from typing import Any, Final

import orjson

from daskop.api.podspec import DEEPEST

_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]', re.DOTALL)
"""What nesting depends on: texts, in which brackets mean nothing, and brackets."""


def decoded(body: bytes) -> Any:
    """*body* as JSON, or None if it is none: a proxy on the way may answer in HTML."""
    try:
        # Less than half of json.loads' time; objects share the keys (benchmarks/watch_ingest.py).
        return orjson.loads(body)
    except ValueError:
        pass
    # The server takes 10,000 levels, orjson 1,024. Who may create one object of ours in one
    # namespace must not be able to blind us to all the others.
    try:
        return orjson.loads(_shallow(body))
    except ValueError:
        return None


def _shallow(body: bytes) -> bytes:
    """*body* with null in place of whatever is nested too deeply."""
    kept: list[bytes] = []
    depth = begin = 0
    for token in _TOKEN.finditer(body):
        bracket = token.group()
        if bracket in {b"{", b"["}:
            depth += 1
            if depth == DEEPEST + 1:
                kept += [body[begin : token.start()], b"null"]
        elif bracket in {b"}", b"]"}:
            if depth == DEEPEST + 1:
                begin = token.end()
            depth -= 1
    return b"".join([*kept, body[begin:]])
