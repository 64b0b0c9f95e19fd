"""An informer whose watch shows only what has a label learns nothing else."""

from typing import Any

import pytest

from daskop.api.children import Pod
from daskop.api.meta import Manifest, WatchEvent
from daskop.api.resources import PODS
from daskop.api.wellknown import CLUSTER_NAME_LABEL
from daskop.cache.informer import Change, Informer
from daskop.cache.store import Store
from daskop.metrics import Metrics
from daskop.runtime.write_through import WriteThrough
from tests.unit.builders import key
from tests.unit.fakes.clock import SteppedClock
from tests.unit.fakes.kube import FakeKube
from tests.unit.fakes.lister_watcher import FakeListerWatcher

LABELLED = {CLUSTER_NAME_LABEL: "c"}
UNLABELLED = pytest.mark.parametrize(
    "labels", [None, {}, {"dask.org/component": "worker", "app": CLUSTER_NAME_LABEL}]
)


def a_manifest(name: str, labels: Manifest | None) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "ns", "labels": labels}}


class Source(FakeListerWatcher):
    """A source that counts how often a watch was to end; there is none under way."""

    interrupts = 0

    def interrupt(self) -> None:
        """Count."""
        self.interrupts += 1


class Selective:
    """A server, an informer of its labelled Pods without a thread, and a writer through it."""

    def __init__(self) -> None:
        self.kube = FakeKube()
        self.source = Source(self.kube, "pods")
        self.store: Store[Pod] = Store()
        self.informer = Informer(
            "pods",
            self.source,
            self.store,
            Pod.parse,
            Metrics().informer("pods"),
            SteppedClock(),
            label=CLUSTER_NAME_LABEL,
        )
        self.changes: list[Change[Pod]] = []
        self.informer.add_handler(self.changes.append)
        self.writer = WriteThrough(self.kube, {PODS: self.informer})
        self.informer.replace(self.source.pages())

    def tell(self, type_: str, manifest: Manifest) -> None:
        """Let the watch tell of one object."""
        self.informer.apply(WatchEvent(type_, manifest))

    def come_to(self, version: str) -> None:
        """Let the watch come to *version* without a word of any object."""
        self.tell("BOOKMARK", {"metadata": {"resourceVersion": version}})

    def stored(self, name: str) -> str:
        """The version of a Pod that is stored, or an empty string."""
        pod = self.store.get(key(name))
        return pod.meta.resource_version if pod else ""


@pytest.fixture
def copy() -> Selective:
    return Selective()


@UNLABELLED
@pytest.mark.parametrize("version", ["100", "101", "500"])
def test_what_the_watch_would_not_show_is_ignored(
    copy: Selective, labels: Manifest | None, version: str
) -> None:
    """
    A stranger's object that is read is neither stored nor missed, wherever the watch has come to.
    """
    copy.kube.create(PODS, a_manifest("a", labels))
    copy.come_to(version)

    read = copy.writer.get(PODS, key("a"))

    assert copy.informer.learn(read)
    assert ([], 0, []) == (copy.store.snapshot(), copy.source.interrupts, copy.changes)


@UNLABELLED
def test_what_we_write_without_the_label_is_not_stored(
    copy: Selective, labels: Manifest | None
) -> None:
    """
    Its end would never be told, so that it would stay in the store for ever.
    """
    copy.writer.create(PODS, a_manifest("a", labels))
    copy.writer.merge_patch(PODS, key("a"), {"spec": {"nodeName": "n"}})

    assert ([], 0) == (copy.store.snapshot(), copy.source.interrupts)


@pytest.mark.parametrize("value", ["c", ""])
def test_what_has_the_label_is_learned(copy: Selective, value: str) -> None:
    """
    The label's presence counts, as in the watch's selector, not what it says.
    """
    copy.writer.create(PODS, a_manifest("a", {CLUSTER_NAME_LABEL: value}))

    assert "101" == copy.stored("a")


def test_what_has_the_label_is_missed(copy: Selective) -> None:
    """
    An object that the watch should have shown before is a reason to list anew.
    """
    copy.kube.create(PODS, a_manifest("a", LABELLED))
    copy.come_to("101")

    copy.writer.get(PODS, key("a"))

    assert ([], 1) == (copy.store.snapshot(), copy.source.interrupts)


def test_an_object_that_lost_its_label_goes_when_the_watch_says_so(copy: Selective) -> None:
    """
    To a watch with a selector that is the object's end, which is told once, whatever was read.
    """
    copy.tell("ADDED", copy.kube.create(PODS, a_manifest("a", LABELLED)))
    lost = copy.writer.merge_patch(
        PODS, key("a"), {"metadata": {"labels": {CLUSTER_NAME_LABEL: None}}}
    )
    copy.writer.get(PODS, key("a"))
    before = copy.stored("a")
    copy.tell("DELETED", lost)

    assert ("101", "", 0) == (before, copy.stored("a"), copy.source.interrupts)
    assert [False, True] == [change.new is None for change in copy.changes]


def test_an_object_that_gets_its_label_back_is_stored_at_once(copy: Selective) -> None:
    """
    The next pass sees the object whose label we have mended, before the watch shows it.
    """
    copy.kube.create(PODS, a_manifest("a", None))
    copy.come_to("101")
    copy.writer.get(PODS, key("a"))
    mended = copy.writer.merge_patch(PODS, key("a"), {"metadata": {"labels": LABELLED}})
    before, told = copy.stored("a"), len(copy.changes)
    copy.tell("ADDED", mended)

    assert ("102", 0, 0) == (before, told, copy.source.interrupts)
    assert [("102", None)] == [
        (change.new.meta.resource_version, change.old) for change in copy.changes if change.new
    ]
