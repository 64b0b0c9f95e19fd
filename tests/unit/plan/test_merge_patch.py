"""The merge patch between two states, and the digest that tells two states apart."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daskop.plan.digest import digest
from daskop.plan.merge_patch import merge_patch
from tests.unit.plan.rfc7396 import applied, without_nulls


def text(value: Any) -> str:
    """As JSON, in which true is not 1."""
    return json.dumps(value, sort_keys=True)


def turned(value: Any) -> Any:
    """The same with the keys of every object in the opposite order."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(entry) for entry in value] if isinstance(value, list) else value


# Few keys and values, so that two objects often share some. 0 and 1 have a test of their own.
keys = st.sampled_from(["a", "b", "c", "ä"])
leaves = st.none() | st.booleans() | st.integers(2, 4) | st.sampled_from(["", "x", "2"])
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(keys, values, max_size=4)


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_patch_is_applied_as_the_standard_says(target: Any, patch: Any, result: Any) -> None:
    """
    What the properties are held against passes the examples of RFC 7396, appendix A.
    """
    assert result == applied(target, patch)


@given(old=objects, new=objects)
def test_a_patch_makes_the_old_the_new(old: dict[str, Any], new: dict[str, Any]) -> None:
    """
    Applied to the old state it gives the new one, and then nothing is left to change.
    """
    result = applied(old, merge_patch(old, new))

    assert text(without_nulls(new)) == text(without_nulls(result))
    assert {} == merge_patch(result, new)


@given(state=objects)
def test_the_same_state_needs_no_patch(state: dict[str, Any]) -> None:
    """
    An equal state gives an empty patch, also with its keys in another order.
    """
    assert {} == merge_patch(state, copy.deepcopy(state))
    assert {} == merge_patch(state, turned(state))


@given(old=objects, new=objects)
def test_a_patch_does_not_depend_on_the_order_of_keys(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    """
    The same two states give the same patch, which names its keys in alphabetical order.
    """
    patch = merge_patch(old, new)

    assert json.dumps(turned(patch)) == json.dumps(turned(merge_patch(turned(old), new)))
    assert sorted(patch) == list(patch)


@given(old=objects, new=objects)
def test_a_patch_leaves_its_states_alone(old: dict[str, Any], new: dict[str, Any]) -> None:
    """
    Neither the old nor the new state is changed in place.
    """
    before = copy.deepcopy((old, new))

    merge_patch(old, new)

    assert before == (old, new)


@pytest.mark.parametrize(
    ("old", "new", "patch"),
    [
        pytest.param({}, {"a": 1}, {"a": 1}, id="added"),
        pytest.param({"a": 1, "b": 2}, {"b": 2}, {"a": None}, id="removed"),
        pytest.param({"a": {"x": 1, "y": 2}}, {"a": {"x": 3, "y": 2}}, {"a": {"x": 3}}, id="inner"),
        pytest.param({"a": [1, 2]}, {"a": [2, 1]}, {"a": [2, 1]}, id="a list is taken whole"),
        pytest.param({"a": {"x": 1}}, {"a": 1}, {"a": 1}, id="an object becomes a value"),
        pytest.param({"a": 1}, {"a": {"x": 1}}, {"a": {"x": 1}}, id="a value becomes an object"),
        pytest.param({"a": {"x": 1}}, {"a": {}}, {"a": {"x": None}}, id="emptied"),
        pytest.param({}, {"a": {}}, {"a": {}}, id="an empty object"),
        pytest.param({"a": None}, {}, {}, id="None and nothing"),
        pytest.param({"a": {"x": None}}, {"a": {}}, {}, id="None inside and nothing"),
        pytest.param({}, {"a": {"x": None}}, {"a": {}}, id="only None inside"),
        pytest.param({"a": [{"x": None}]}, {"a": [{}]}, {}, id="None in a list's object"),
        pytest.param({}, {"a": [{"x": None}]}, {"a": [{}]}, id="a list's object without None"),
        pytest.param({"a": [[{"x": None, "y": 1}]]}, {"a": [[{"y": 1}]]}, {}, id="deep in lists"),
        pytest.param({"a": []}, {"a": [None]}, {"a": [None]}, id="None in a list"),
        pytest.param({"a": [None]}, {"a": [None]}, {}, id="the same list with None"),
        pytest.param({"a": [1]}, {"a": None}, {"a": None}, id="a list becomes None"),
        pytest.param({"a": [{"x": 1, "y": 2}]}, {"a": [{"y": 2, "x": 1}]}, {}, id="another order"),
    ],
)
def test_a_patch_names_only_what_differs(
    old: dict[str, Any], new: dict[str, Any], patch: dict[str, Any]
) -> None:
    """
    What stays is not written again, so that it is not taken away from others.
    """
    assert patch == merge_patch(old, new)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (1, True),
        (True, 1),
        (0, False),
        (False, 0),
        ({"x": 1}, {"x": True}),
        ([1], [True]),
        ([{"x": 0}], [{"x": False}]),
        ([[0]], [[False]]),
    ],
    ids=str,
)
def test_a_number_is_no_boolean(before: Any, after: Any) -> None:
    """
    Python takes 1 for True and JSON does not: who mends ``hostNetwork: 1`` has changed it.
    """
    assert text({"a": after}) == text(merge_patch({"a": before}, {"a": after}))


@given(state=objects)
def test_a_digest_does_not_depend_on_the_order_of_keys(state: dict[str, Any]) -> None:
    """
    At any depth, the order in which somebody wrote the keys makes no difference.
    """
    assert digest(state) == digest(turned(state))


@given(one=objects, other=objects)
def test_a_digest_tells_states_apart(one: dict[str, Any], other: dict[str, Any]) -> None:
    """
    Two states have the same digest exactly if they are the same JSON.
    """
    assert (text(one) == text(other)) is (digest(one) == digest(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {"a": "1"}),
        ({"a": None}, {}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": {"b": 1}}, {"a": {}, "b": 1}),
    ],
    ids=str,
)
def test_a_digest_tells_similar_states_apart(one: dict[str, Any], other: dict[str, Any]) -> None:
    """
    Types, order in lists and depth make a difference.
    """
    assert digest(one) != digest(other)


def test_a_digest_stays_the_same_for_ever() -> None:
    """
    Digests are stored on Pods and Services: another way to make them would make all of them anew.
    """
    assert "2365cea463" == digest({"b": [True, None, "ä"], "a": {"d": 1.5, "c": 2}})
