"""What the server sends becomes plain dicts, whatever one object is like."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daskop.api.podspec import DEEPEST
from daskop.kube.decoding import decoded

texts = st.text('a\\"{}[]\n\u00e9', max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def nested(levels: int, inner: str = "1") -> str:
    return '{"a":[' * (levels // 2) + inner + "]}" * (levels // 2)


@given(value=values)
def test_json_is_decoded(value: Any) -> None:
    """
    Whatever is not too deep is what the library makes of it.
    """
    assert value == decoded(json.dumps(value).encode())


@pytest.mark.parametrize("body", [b"", b"<html>{[</html>", b'{"a":', b"]]]", b"\xff"])
def test_what_is_no_json_is_nothing(body: bytes) -> None:
    """
    A page of a proxy, or a part of an answer, is no object.
    """
    assert decoded(body) is None


@pytest.mark.parametrize("levels", [1_100, 9_000])
@given(value=values)
def test_one_object_that_is_too_deep_leaves_the_others(levels: int, value: Any) -> None:
    """
    The objects beside it are read whole; of itself, what is nested too deeply is null.
    """
    others = json.dumps(value)
    body = f'{{"items":[{others},{nested(levels, others)},{others}],"last":{others}}}'

    found = decoded(body.encode())

    first, deep, second = found["items"]
    assert (value, value, value) == (first, second, found["last"])
    depth = 2  # of the object and the list that it stands in
    while deep is not None:
        deep = deep["a"] if isinstance(deep, dict) else deep[0]
        depth += 1
    assert DEEPEST == depth
