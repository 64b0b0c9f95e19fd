"""The store."""

from hypothesis import given
from hypothesis import strategies as st

from daskop.api.children import Pod
from daskop.cache.store import Store
from tests.unit.builders import a_pod, key

OWNER = "owner"

steps = st.lists(
    st.tuples(st.sampled_from(["put", "pop"]), st.sampled_from("abc"), st.sampled_from("xyz"))
)


def a_store() -> Store[Pod]:
    return Store({OWNER: lambda pod: tuple(owner.uid for owner in pod.meta.owners)})


@given(steps)
def test_store_and_index_agree_with_a_dict(steps: list[tuple[str, str, str]]) -> None:
    """
    Whatever is put and popped, keys and index say what a plain dict says.
    """
    store, model = a_store(), dict[str, str]()
    for verb, name, owner in steps:
        if verb == "put":
            store.put(a_pod(name, owner=owner))
            model[name] = owner
        else:
            store.pop(key(name))
            model.pop(name, None)

    assert len(model) == len(store)
    assert {key(name) for name in model} == set(store.snapshot())
    for owner in "xyz":
        found = {pod.meta.key.name for pod in store.by_index(OWNER, owner)}
        assert {name for name, of in model.items() if of == owner} == found


def test_put_and_pop_return_what_was_there() -> None:
    """
    The view that is replaced or removed is returned, None if there was none.
    """
    store = a_store()
    first, second = a_pod("a"), a_pod("a", phase="Failed")

    assert (None, first, second) == (store.put(first), store.put(second), store.pop(key("a")))
    assert store.pop(key("a")) is None
    assert key("a") not in store
