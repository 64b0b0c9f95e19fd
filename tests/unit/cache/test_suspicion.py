"""When an informer finds out that it has missed something, and when it has not."""

from daskop.api.meta import Manifest, WatchEvent
from daskop.api.resources import PODS
from tests.unit.builders import key
from tests.unit.cache.copied import Copy, a_manifest


def test_an_object_that_the_watch_should_have_brought_is_suspicious(copy: Copy) -> None:
    """
    What is read, not stored, and older than what the watch has come to, was missed: list anew.
    """
    copy.kube.create(PODS, a_manifest("a"))
    copy.informer.apply(WatchEvent("BOOKMARK", {"metadata": {"resourceVersion": "101"}}))
    copy.writer.get(PODS, key("a"))

    assert ([], 1) == (copy.store.snapshot(), copy.source.interrupts)


def test_an_object_that_is_stored_or_new_is_not_suspicious(copy: Copy) -> None:
    """
    Reading what the watch has brought or is about to bring leads to no list.
    """
    copy.kube.create(PODS, a_manifest("old"))
    copy.watch()
    copy.kube.create(PODS, a_manifest("new"))
    for name in ("old", "new"):
        copy.writer.get(PODS, key(name))

    assert ({key("old"), key("new")}, 0) == (set(copy.store.snapshot()), copy.source.interrupts)


def test_a_create_whose_answer_is_late_leads_to_no_suspicion(copy: Copy) -> None:
    """
    An object that went before the answer to its creation arrived was not missed.
    """

    def goes(answer: Manifest) -> None:
        copy.kube.delete(PODS, key("a"), answer["metadata"]["uid"])
        copy.watch()

    copy.kube.meanwhile = goes
    copy.writer.create(PODS, a_manifest("a"))

    assert ([], 0) == (copy.store.snapshot(), copy.source.interrupts)


def test_an_object_that_goes_while_it_is_read_was_not_missed(copy: Copy) -> None:
    """
    What was shown before, and whose end the watch brought before the answer came, leads to no list.
    """
    made = copy.writer.create(PODS, a_manifest("a"))
    copy.watch()

    def goes(_: Manifest) -> None:
        copy.kube.delete(PODS, key("a"), made["metadata"]["uid"])
        copy.watch()

    copy.kube.meanwhile = goes
    copy.writer.get(PODS, key("a"))

    assert ([], 0) == (copy.store.snapshot(), copy.source.interrupts)
