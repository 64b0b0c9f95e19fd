"""What we write ourselves is in our caches at once, and does no harm there."""

from collections.abc import Iterator

from daskop.api.children import Pod
from daskop.api.meta import Manifest
from daskop.api.resources import PODS, SERVICES
from daskop.cache.informer import Change
from tests.unit.builders import key
from tests.unit.cache.copied import Copy, a_manifest, version

LABEL = {"metadata": {"labels": {"dask.org/cluster-name": "c"}}}


def test_what_was_written_is_stored_at_once(copy: Copy) -> None:
    """
    The next pass sees what this one made and patched; handlers are told by the watch.
    """
    answer = copy.writer.create(PODS, a_manifest("a"))
    made = version(copy.store.get(key("a")))
    copy.writer.merge_patch(PODS, key("a"), LABEL)
    copy.informer.learn(answer)  # that was overtaken
    patched = version(copy.store.get(key("a")))
    before = len(copy.told)
    copy.watch()

    assert ("101", "102") == (made, patched)
    assert (0, 2) == (before, len(copy.told))


def test_a_mark_of_deletion_is_stored_at_once(copy: Copy) -> None:
    """
    An object that only ends after a while is seen to be on its way.
    """
    copy.kube.graceful = True
    made = copy.writer.create(PODS, a_manifest("a"))
    copy.writer.delete(PODS, key("a"), made["metadata"]["uid"])

    assert [True] == [pod.meta.deleting for pod in filter(None, [copy.store.get(key("a"))])]


def test_a_status_instead_of_an_object_is_not_learned(copy: Copy) -> None:
    """
    What a delete removes at once stays in the store until the watch says so.
    """
    made = copy.writer.create(PODS, a_manifest("a"))
    answer = copy.writer.delete(PODS, key("a"), made["metadata"]["uid"])
    before = copy.store.snapshot()
    copy.watch()

    assert ("Status", [key("a")]) == (answer["kind"], before)
    assert [] == copy.store.snapshot()


def test_a_late_answer_does_not_bring_back_what_was_deleted(copy: Copy) -> None:
    """
    The watch was quicker than the answer: what it told counts.
    """
    answer = copy.kube.create(PODS, a_manifest("a"))
    copy.kube.delete(PODS, key("a"), answer["metadata"]["uid"])
    copy.watch()

    assert not copy.informer.learn(answer)
    assert [] == copy.store.snapshot()


def test_an_older_event_overwrites_nothing_but_is_told(copy: Copy) -> None:
    """
    A change between two writes of ours concerns the handlers, not the store.
    """
    copy.writer.create(PODS, a_manifest("a"))
    copy.kube.merge_patch(PODS, key("a"), {"spec": {"nodeName": "n"}})
    copy.writer.merge_patch(PODS, key("a"), LABEL)
    events, _ = copy.kube.wait_for_events("pods", 100, lambda: True)
    for event in events[:2]:
        copy.informer.apply(event)

    assert "103" == version(copy.store.get(key("a")))
    assert 2 == len(copy.told)


def test_the_end_of_a_predecessor_is_told_and_its_successor_stays(copy: Copy) -> None:
    """
    An object that we made under the name of one that went survives the news of that.
    """
    first = copy.kube.create(PODS, a_manifest("a"))
    copy.watch()
    copy.kube.delete(PODS, key("a"), first["metadata"]["uid"])
    copy.writer.create(PODS, a_manifest("a"))
    copy.watch()

    assert "103" == version(copy.store.get(key("a")))
    assert ["101", "gone", "103"] == copy.told


def test_a_late_event_of_a_predecessor_is_not_a_change_of_its_successor(copy: Copy) -> None:
    """
    Old news of one object is never told as if it had become another one.
    """
    first = copy.kube.create(PODS, a_manifest("a"))
    copy.watch()
    copy.kube.merge_patch(PODS, key("a"), LABEL)
    copy.kube.delete(PODS, key("a"), first["metadata"]["uid"])
    copy.writer.create(PODS, a_manifest("a"))
    copy.watch()

    uids = [{view.meta.uid for view in change.views} for change in copy.changes]
    assert [1] * len(uids) == [len(both) for both in uids]


def test_a_predecessor_that_no_event_names_is_told_as_gone(copy: Copy) -> None:
    """
    If a list comes before the watch, it also tells of the object that ours has replaced.
    """
    first = copy.kube.create(PODS, a_manifest("a"))
    copy.watch()
    copy.kube.delete(PODS, key("a"), first["metadata"]["uid"])
    copy.writer.create(PODS, a_manifest("a"))
    copy.relist()

    assert ["101", "gone"] == copy.told[:2]


def test_nothing_is_learned_before_the_first_list() -> None:
    """
    A store that is not full yet takes its objects from the list alone, and nothing is suspected.
    """
    copy = Copy()
    copy.writer.create(PODS, a_manifest("a"))
    copy.writer.get(PODS, key("a"))

    assert ([], 0) == (copy.store.snapshot(), copy.source.interrupts)


def test_a_resource_without_a_cache_is_passed_on(copy: Copy) -> None:
    """
    What is not cached is written and read all the same.
    """
    made = copy.writer.create(SERVICES, a_manifest("s"))
    copy.writer.merge_patch(SERVICES, key("s"), LABEL)
    read = copy.writer.get(SERVICES, key("s"))
    copy.writer.delete(SERVICES, key("s"), made["metadata"]["uid"])

    assert ["create s", "patch s", "delete s"] == copy.kube.writes
    assert ("c", []) == (read["metadata"]["labels"]["dask.org/cluster-name"], copy.store.snapshot())


def test_a_list_that_was_taken_before_does_not_undo_what_was_learned(copy: Copy) -> None:
    """
    A list takes a while: what we write meanwhile stays in sight until the watch brings it.
    """
    copy.kube.create(PODS, a_manifest("a"))
    pages = list(copy.source.pages())

    def slowly() -> Iterator[tuple[list[Manifest], str]]:
        copy.writer.create(PODS, a_manifest("b"))
        copy.writer.merge_patch(PODS, key("a"), LABEL)
        yield from pages

    copy.informer.replace(slowly())

    assert ["103", "102"] == [version(copy.store.get(key(name))) for name in "ab"]


def test_an_answer_that_is_no_newer_than_a_list_waits_for_its_page(copy: Copy) -> None:
    """
    A patch that changes nothing is answered with a version before the list's: the list decides.
    """
    made = [copy.kube.create(PODS, a_manifest(name)) for name in "abc"]
    copy.relist()
    copy.kube.delete(PODS, key("c"), made[-1]["metadata"]["uid"])
    copy.kube.create(PODS, a_manifest("c"))
    first, second = copy.source.pages()
    seen = []

    def slowly() -> Iterator[tuple[list[Manifest], str]]:
        yield first
        assert copy.informer.learn(copy.kube.merge_patch(PODS, key("c"), {}))
        seen.append(version(copy.store.get(key("c"))))
        yield second

    copy.informer.replace(slowly())

    assert ["103", "105"] == [*seen, version(copy.store.get(key("c")))]


def test_a_late_answer_during_a_list_leaves_no_ghost(copy: Copy) -> None:
    """
    An object that went before a list was taken does not come back while the list is stored.
    """
    copy.writer.create(PODS, a_manifest("gone"))
    copy.watch()
    late = copy.kube.create(PODS, a_manifest("ghost"))
    for name in ("gone", "ghost"):
        copy.kube.delete(PODS, key(name), copy.kube.get(PODS, key(name))["metadata"]["uid"])

    def answer_comes(_: Change[Pod]) -> None:  # in a thread of its own, really
        copy.informer.learn(late)

    copy.informer.add_handler(answer_comes)
    copy.relist()
    copy.watch()

    assert [] == copy.store.snapshot()
