"""The informers of several namespaces that fill one store."""

from daskop.api.children import Pod
from daskop.api.meta import Manifest, NamespacedName
from daskop.api.resources import PODS
from daskop.cache.informer import Change, Informer
from daskop.cache.informers import Informers
from daskop.cache.store import Store
from daskop.clock import SystemClock
from daskop.metrics import Metrics
from tests.unit.fakes.kube import FakeKube


def a_pod(namespace: str, name: str) -> Manifest:
    return {"kind": "Pod", "metadata": {"namespace": namespace, "name": name}}


def informers(*namespaces: str) -> Informers[Pod]:
    """Informers that no thread runs: a test hands them what they would have listed."""
    store: Store[Pod] = Store()
    source, clock, metrics = FakeKube().lister_watcher(PODS), SystemClock(), Metrics()
    return Informers(
        store,
        {
            at: Informer(
                "pods", source, store, Pod.parse, metrics.informer("pods", at), clock, namespace=at
            )
            for at in namespaces
        },
    )


def listed(kube: FakeKube, namespace: str) -> list[Manifest]:
    return [o for o in kube.listed("pods")[0] if o["metadata"]["namespace"] == namespace]


def test_a_list_of_one_namespace_leaves_the_others_alone() -> None:
    """
    What is gone from one namespace goes from the store; what another one holds stays.
    """
    kube, both = FakeKube(), informers("a", "b")
    told: list[str] = []

    def hear(change: Change[Pod]) -> None:
        told.append(f"{change.views[0].meta.key} {'gone' if change.new is None else 'there'}")

    both.add_handler(hear)
    for namespace in ("a", "b"):
        kube.create(PODS, a_pod(namespace, "p"))
        both.members[namespace].replace([(listed(kube, namespace), "10")])
    both.members["a"].replace([([], "11")])

    assert ["a/p there", "b/p there", "a/p gone"] == told
    assert [NamespacedName("b", "p")] == both.store.snapshot()


def test_an_answer_is_learned_by_who_watches_there() -> None:
    """
    An object of a watched namespace is stored; one of another namespace is nobody's business.
    """
    kube, one = FakeKube(), informers("a")
    one.members["a"].replace([([], "1")])
    ours, other = kube.create(PODS, a_pod("a", "p")), kube.create(PODS, a_pod("b", "p"))

    assert one.learn(ours)
    assert one.learn(other)
    assert [NamespacedName("a", "p")] == one.store.snapshot()


def test_one_that_watches_all_learns_all() -> None:
    """
    Without a choice of namespaces there is one informer, and it is asked for each.
    """
    kube, everywhere = FakeKube(), informers("")
    everywhere.members[""].replace([([], "1")])

    assert everywhere.learn(kube.create(PODS, a_pod("b", "p")))
    assert [NamespacedName("b", "p")] == everywhere.store.snapshot()
