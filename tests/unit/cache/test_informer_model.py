"""The informer against the server it copies, whatever happens to both and on the way between."""

import threading
from collections.abc import Callable, Iterator
from itertools import count

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from structlog.testing import capture_logs

from daskop.api.children import Pod
from daskop.api.meta import Manifest, NamespacedName, WatchEvent
from daskop.api.resources import PODS
from daskop.api.wellknown import CLUSTER_NAME_LABEL
from daskop.cache.backoff import Backoff
from daskop.cache.informer import Change, Informer
from daskop.cache.reflector import RELIST_SECONDS
from daskop.cache.store import Store
from daskop.cache.versions import is_older
from daskop.metrics import Metrics
from daskop.runtime.write_through import WriteThrough
from daskop.runtime.writer import Writer
from tests.unit.builders import key
from tests.unit.fakes.clock import SteppedClock
from tests.unit.fakes.kube import FakeKube
from tests.unit.fakes.lister_watcher import FakeListerWatcher

BOUND_SECONDS = 20.0
CLUSTERS = "xyz"
NAMES, VALUES = st.sampled_from("abc"), st.sampled_from(CLUSTERS)
ANSWERED = st.sampled_from(["to others", "at once", "later"])
VERBS = ("create", "patch", "delete", "recreate")


def pods_of(kube: FakeKube) -> dict[NamespacedName, Pod]:
    return {pod.meta.key: pod for pod in map(Pod.parse, kube.listed("pods")[0])}


def version_of(manifest: Manifest) -> int:
    return int(manifest["metadata"]["resourceVersion"])


def write(kube: FakeKube, writer: Writer, verb: str, name: str, cluster: str) -> Manifest | None:
    """Do what *verb* says if it can be done; return the object that is there afterwards."""
    there, labels = pods_of(kube).get(key(name)), {CLUSTER_NAME_LABEL: cluster}
    if there and verb in {"delete", "recreate"}:
        writer.delete(PODS, there.meta.key, there.meta.uid)
        there = None
    if there and verb == "patch":
        return writer.merge_patch(PODS, there.meta.key, {"metadata": {"labels": labels}})
    if there is None and verb in {"create", "recreate"}:
        metadata = {"name": name, "namespace": "ns", "labels": labels}
        return writer.create(PODS, {"metadata": metadata})
    return None


class Told:
    """What somebody knows who only listens to the changes."""

    def __init__(self) -> None:
        self.pods: dict[NamespacedName, Pod] = {}
        self.learned: set[str] = set()  # uids of what may change without ever having been new
        self.wrong: list[Change[Pod]] = []  # what does not follow from the changes before

    def __call__(self, change: Change[Pod]) -> None:
        at = change.views[0].meta.key
        known = self.pods.pop(at, None)
        if len({view.meta.uid for view in change.views}) > 1 or not self._follows(known, change):
            self.wrong.append(change)
        if change.new is not None:
            self.pods[at] = change.new

    def _follows(self, known: Pod | None, change: Change[Pod]) -> bool:
        if known is None:
            return change.old is None or change.old.meta.uid in self.learned
        return change.old is not None and change.old.meta.uid == known.meta.uid


class Source(FakeListerWatcher):
    """Lists and watches, and where they have come to."""

    position = 0

    def pages(self) -> Iterator[tuple[list[Manifest], str]]:
        for items, version in super().pages():
            self.position = int(version)
            yield items, version

    def watch(self, resource_version: str) -> Iterator[WatchEvent]:
        for event in super().watch(resource_version):
            self.position = version_of(event.object)
            yield event


class Copy:
    """A server, an informer of its Pods, and somebody who listens to that."""

    def __init__(self) -> None:
        self.kube, self.clock, self.told = FakeKube(), SteppedClock(), Told()
        self.source = Source(self.kube, "pods")
        self.store: Store[Pod] = Store({"cluster": lambda pod: (pod.labels.cluster,)})
        series, no_pause = Metrics().informer("pods"), Backoff(jitter=lambda: -1.0)
        self.informer = Informer(
            "pods", self.source, self.store, Pod.parse, series, self.clock, no_pause
        )
        self.informer.add_handler(self.told)

    def assert_equal(self) -> None:
        """The store, its index and what was told are the server's, contents and versions."""
        server = pods_of(self.kube)
        assert server == {at: self.store.get(at) for at in self.store.snapshot()}
        assert server == self.told.pods
        for cluster in CLUSTERS:
            expected = {at for at, pod in server.items() if pod.labels.cluster == cluster}
            assert expected == {pod.meta.key for pod in self.store.by_index("cluster", cluster)}


class Live(Copy):
    """A copy whose thread runs."""

    def __init__(self) -> None:
        super().__init__()
        self.informer.add_handler(self.hear)
        self.writer = WriteThrough(self.kube, {PODS: self.informer})
        self.heard = threading.Condition()
        self.markers = count()
        self.troubles: dict[str, Callable[[], None]] = {
            "compact": self.kube.compact,
            "cut": self.kube.cut,
            "restore": self.restore,
            "interrupt": self.source.interrupt,
            "suspect": self.suspect,
        }

    def hear(self, _: Change[Pod]) -> None:
        with self.heard:
            self.heard.notify_all()

    def do(self, verb: str, name: str, cluster: str) -> None:
        """One operation; what begins with ``our`` goes through the cache."""
        if verb in self.troubles:
            self.troubles[verb]()
        elif verb == "our get":
            for at in pods_of(self.kube).keys() & {key(name)}:
                self.writer.get(PODS, at)
        else:
            writer = self.writer if verb.startswith("our ") else self.kube
            write(self.kube, writer, verb.removeprefix("our "), name, cluster)

    def settle(self) -> None:
        """Wait until the store shows an object that is made last of all."""
        name = f"marker-{next(self.markers)}"
        write(self.kube, self.kube, "create", name, "")
        with self.heard:
            assert self.heard.wait_for(lambda: key(name) in self.store, BOUND_SECONDS), "silence"

    def suspect(self) -> None:
        self.clock.step(RELIST_SECONDS)
        self.informer.suspect()

    def restore(self) -> None:
        """
        Go back, and wait until the informer has seen it: what is written until then may be missed.

        The fake cuts no watch that is just busy, so it is cut until it has been noticed.
        """
        self.settle()
        self.kube.restore(2)
        now = int(self.source.version())
        for _ in range(1000):
            self.kube.cut()
            with self.heard:
                if self.heard.wait_for(lambda: self.source.position <= now, 0.003):
                    return
        raise AssertionError("the informer has not noticed that versions went back")


OURS = tuple(f"our {verb}" for verb in (*VERBS, "get"))
TROUBLES = ("compact", "cut", "restore", "interrupt", "suspect")
OPERATION = st.tuples(st.sampled_from([*VERBS, *OURS, *TROUBLES]), NAMES, VALUES)


# A failure does not shrink: threads are not the same twice.
@settings(max_examples=60, deadline=None, phases=[Phase.generate])
@given(operations=st.lists(OPERATION, max_size=25))
def test_a_live_copy_becomes_equal(operations: list[tuple[str, str, str]]) -> None:
    """
    Whatever happens to the objects and to the connection: once it is quiet the copy is equal.
    """
    live = Live()
    with capture_logs() as logs:
        live.informer.start()
        try:
            assert live.informer.wait_until_synced(BOUND_SECONDS)
            for verb, name, cluster in operations:
                live.do(verb, name, cluster)
            live.settle()
        finally:
            live.informer.stop()
            live.informer.join()

    live.assert_equal()
    # What only we knew of, and what is gone before the server told of it, is told as gone.
    ours = {name for verb, name, _ in operations if verb.startswith("our ")}
    excused = [c for c in live.told.wrong if c.new is None and c.views[0].meta.key.name in ours]
    assert excused == live.told.wrong
    assert [] == [log for log in logs if log["log_level"] == "error"]


class Slow(RuleBasedStateMachine):
    """A copy without a thread: lists, events and answers arrive when a rule says so."""

    def __init__(self) -> None:
        super().__init__()
        self.copy = Copy()
        self.kube, self.store, self.told = self.copy.kube, self.copy.store, self.copy.told
        self.informer = self.copy.informer
        self.position = int(self.informer.replace(self.copy.source.pages()))
        self.answers: list[Manifest] = []  # on their way to us
        self.versions: dict[NamespacedName, str] = {}  # that were stored before the last step

    @rule(verb=st.sampled_from(VERBS), name=NAMES, cluster=VALUES, answered=ANSWERED)
    def write(self, verb: str, name: str, cluster: str, answered: str) -> None:
        there = write(self.kube, self.kube, verb, name, cluster)
        if there and answered == "later":
            self.answers.append(there)
        if there and answered == "at once":
            self.learn(there)
            assert Pod.parse(there) == self.store.get(key(name))

    @rule(first=st.booleans())
    def answer(self, first: bool) -> None:
        if self.answers:
            self.learn(self.answers.pop(0 if first else -1))

    @rule(number=st.integers(1, 4))
    def watch(self, number: int) -> None:
        """Some of what has happened is told."""
        for event in self.events()[:number]:
            self.informer.apply(event)
            self.position = version_of(event.object)

    @rule()
    def bookmark(self) -> None:
        self.watch(1000)
        now = {"metadata": {"resourceVersion": str(self.position)}}
        self.informer.apply(WatchEvent("BOOKMARK", now))

    @rule(verb=st.sampled_from(VERBS), name=NAMES, answers=st.integers(0, 2))
    def relist(self, verb: str, name: str, answers: int) -> None:
        """While the list is read, a write of ours changes something, and answers arrive."""
        pages = list(self.copy.source.pages())
        xs = [at for at, pod in pods_of(self.kube).items() if pod.labels.cluster == "x"]

        def slowly() -> Iterator[tuple[list[Manifest], str]]:
            yield from pages[:1]
            self.write(verb, name, "y" if key(name) in xs else "x", "at once")
            for _ in range(answers):
                self.answer(first=True)
            yield from pages[1:]

        self.position = int(self.informer.replace(slowly()))

    @invariant()
    def nothing_goes_back(self) -> None:
        stored = filter(None, map(self.store.get, self.store.snapshot()))
        before = self.versions
        self.versions = {view.meta.key: view.meta.resource_version for view in stored}
        both = before.keys() & self.versions.keys()
        assert not [at for at in both if is_older(self.versions[at], before[at])]

    @invariant()
    def all_told_is_all_equal(self) -> None:
        assert [] == self.told.wrong
        if not self.events():
            self.copy.assert_equal()

    def teardown(self) -> None:
        """Deliver everything, the answers last."""
        self.watch(1000)
        for answer in self.answers:
            self.learn(answer)
        self.all_told_is_all_equal()

    def learn(self, answer: Manifest) -> None:
        self.told.learned.add(answer["metadata"]["uid"])
        self.informer.learn(answer)

    def events(self) -> list[WatchEvent]:
        """What has happened and was not told yet."""
        return self.kube.wait_for_events("pods", self.position, lambda: True)[0]


def test_a_slow_copy_becomes_equal() -> None:
    """
    However late lists, events and answers come: the store never goes back, and ends up equal.
    """
    profile = settings(max_examples=50, stateful_step_count=25, phases=[Phase.generate])
    run_state_machine_as_test(Slow, settings=profile)
