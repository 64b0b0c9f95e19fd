"""The fake API server keeps the contract, and what only a fake can do."""

import pytest

from daskop.api.children import Pod
from daskop.api.meta import Meta, OwnerReference
from daskop.api.resources import CLUSTERS, PODS, WORKER_GROUPS
from daskop.cache.informer import Informer
from daskop.cache.store import Store
from daskop.clock import SystemClock
from daskop.errors import GoneError
from daskop.metrics import Metrics
from tests.contracts.groups import a_group
from tests.contracts.kube import KubeContract
from tests.unit.builders import NAMESPACE, key
from tests.unit.fakes.kube import FakeKube, Json


@pytest.fixture
def kube() -> FakeKube:
    return FakeKube()


@pytest.fixture
def namespace() -> str:
    return NAMESPACE


class TestFakeKube(KubeContract):
    """The fake is held to what a real server does."""


def an_owned(name: str, owner: Json) -> Json:
    uid = owner["metadata"]["uid"]
    reference = OwnerReference("DaskCluster", "c", uid).manifest()
    return {"metadata": {"name": name, "namespace": "ns", "ownerReferences": [reference]}}


def test_garbage_goes_down_to_the_last_dependent(kube: FakeKube) -> None:
    """
    With an owner go its dependents and theirs, and nothing that had no owner.
    """
    owner = kube.create(CLUSTERS, {"metadata": {"name": "c", "namespace": "ns"}})
    group = kube.create(WORKER_GROUPS, an_owned("g", owner))
    kube.create(PODS, an_owned("p", group))
    kube.create(PODS, {"metadata": {"name": "free", "namespace": "ns"}})
    kube.collect_garbage()
    before = names(kube)

    kube.delete(CLUSTERS, key("c"), owner["metadata"]["uid"])
    kube.collect_garbage()

    assert (["c", "free", "g", "p"], ["free"]) == (before, names(kube))


def names(kube: FakeKube) -> list[str]:
    resources = (CLUSTERS, PODS, WORKER_GROUPS)
    return sorted(o["metadata"]["name"] for r in resources for o in kube.listed(r.plural)[0])


def test_a_graceful_delete_is_seen_before_the_end(kube: FakeKube) -> None:
    """
    A marked object stays until its deletion is finished.
    """
    kube.graceful = True
    made = kube.create(WORKER_GROUPS, a_group("ns"))
    for _ in range(2):
        kube.delete(WORKER_GROUPS, key("g"), made["metadata"]["uid"])

    marked = Meta.parse(kube.get(WORKER_GROUPS, key("g")))
    kube.finish_deletions()

    assert marked.deleting
    assert [] == names(kube)


def test_a_compaction_expires_what_was_before_it(kube: FakeKube) -> None:
    """
    After a compaction a watch begins at the newest version only.
    """
    made = kube.create(WORKER_GROUPS, a_group("ns"))
    kube.create(WORKER_GROUPS, a_group("ns", "h"))
    kube.compact()
    watcher = kube.lister_watcher(WORKER_GROUPS)

    with pytest.raises(GoneError):
        next(watcher.watch(made["metadata"]["resourceVersion"]))


def test_an_informer_follows_the_server(kube: FakeKube) -> None:
    """
    The store of a real informer ends up with what the server holds.
    """
    for name in ("a", "b", "c"):
        kube.create(PODS, {"metadata": {"name": name, "namespace": "ns"}})
    store: Store[Pod] = Store()
    series = Metrics().informer("pods")
    source = kube.lister_watcher(PODS)
    informer = Informer("pods", source, store, Pod.parse, series, SystemClock())
    gone = kube.get(PODS, key("b"))["metadata"]["uid"]
    informer.start()
    try:
        assert informer.wait_until_synced(8.0)
        kube.delete(PODS, key("b"), gone)
    finally:
        informer.stop()
        informer.join()

    assert key("a") in store
