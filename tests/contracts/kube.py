"""What every API server must do, ours in memory as well as a real one."""

import queue
from typing import Any, Protocol

import pytest

from daskop.api.meta import Manifest, Meta, NamespacedName
from daskop.api.resources import WORKER_GROUPS, Resource
from daskop.api.wellknown import API_VERSION
from daskop.cache.lister_watcher import ListerWatcher
from daskop.cache.versions import is_older
from daskop.errors import (
    AlreadyExistsError,
    ConflictError,
    GoneError,
    InvalidError,
    NotFoundError,
)
from daskop.runtime.writer import Writer
from tests.contracts.watching import listed, watching

BOUND_SECONDS = 8.0
STOP_SECONDS = 1.0
"""A watch that is stopped must be over by then."""

SILENCE_SECONDS = 0.5
"""An event would have come by then."""


class Kube(Writer, Protocol):
    """All faces of an API server that daskop knows."""

    def apply(self, resource: Resource, manifest: Manifest, subresource: str = "") -> Manifest:
        """Make these fields ours."""

    def delete(
        self, resource: Resource, key: NamespacedName, uid: str, resource_version: str = ""
    ) -> Manifest:
        """Delete an object if its uid, and its version if given, are these."""

    def delete_collection(self, resource: Resource, namespace: str, label_selector: str) -> None:
        """Delete every object in *namespace* that has the labels."""

    def lister_watcher(self, resource: Resource) -> ListerWatcher:
        """A new lister and watcher of *resource* in all namespaces."""


def a_group(namespace: str, name: str = "g", replicas: int = 1) -> dict[str, Any]:
    """A worker group that any server with our CRDs accepts; its cluster does not exist."""
    worker = {"replicas": replicas, "spec": {"containers": [{"name": "w", "image": "dask"}]}}
    return {
        "apiVersion": API_VERSION,
        "kind": WORKER_GROUPS.kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"cluster": "none", "worker": worker},
    }


def groups(kube: Kube) -> ListerWatcher:
    """A lister and watcher of worker groups."""
    return kube.lister_watcher(WORKER_GROUPS)


def labelled(group: dict[str, Any], **labels: str) -> dict[str, Any]:
    """The group with labels."""
    return {**group, "metadata": {**group["metadata"], "labels": labels}}


def scaled(replicas: int, **metadata: str) -> dict[str, Any]:
    """A patch of the number of workers, with preconditions."""
    return {"metadata": metadata, "spec": {"worker": {"replicas": replicas}}}


class KubeContract:
    """
    To be subclassed with two fixtures: ``kube``, and ``namespace``, in which nobody else works.

    No operator may run on the server: it would write the status of the groups.
    """

    def test_a_new_object_has_an_identity(self, kube: Kube, namespace: str) -> None:
        """
        The server gives uid, version, first generation and time; a second get reads the same.
        """
        made = kube.create(WORKER_GROUPS, a_group(namespace))

        meta = Meta.parse(made)
        assert all((meta.uid, meta.resource_version, meta.created))
        assert 1 == meta.generation
        assert made == kube.get(WORKER_GROUPS, meta.key)

    def test_what_is_not_there_is_not_found(self, kube: Kube, namespace: str) -> None:
        """
        Reading, patching and deleting nothing are the same error.
        """
        key = NamespacedName(namespace, "g")

        with pytest.raises(NotFoundError):
            kube.get(WORKER_GROUPS, key)
        with pytest.raises(NotFoundError):
            kube.merge_patch(WORKER_GROUPS, key, scaled(2))
        with pytest.raises(NotFoundError):
            kube.delete(WORKER_GROUPS, key, "a-uid")

    def test_a_name_is_taken_once(self, kube: Kube, namespace: str) -> None:
        """
        A second create of the same name is refused and changes nothing.
        """
        meta = Meta.parse(kube.create(WORKER_GROUPS, a_group(namespace)))

        with pytest.raises(AlreadyExistsError):
            kube.create(WORKER_GROUPS, a_group(namespace, replicas=5))

        assert meta == Meta.parse(kube.get(WORKER_GROUPS, meta.key))

    def test_a_change_of_the_spec_is_a_generation(self, kube: Kube, namespace: str) -> None:
        """
        A patch of the spec gives a new version and the next generation, a label only a version.
        """
        first = Meta.parse(kube.create(WORKER_GROUPS, a_group(namespace)))
        second = Meta.parse(kube.merge_patch(WORKER_GROUPS, first.key, scaled(2)))
        label = {"metadata": {"labels": {"a": "b"}}}
        third = Meta.parse(kube.merge_patch(WORKER_GROUPS, first.key, label))

        assert [1, 2, 2] == [first.generation, second.generation, third.generation]
        assert 3 == len({meta.resource_version for meta in (first, second, third)})

    def test_a_patch_that_changes_nothing_is_no_change(self, kube: Kube, namespace: str) -> None:
        """
        The version stays when all that is patched is as it was.
        """
        first = Meta.parse(kube.create(WORKER_GROUPS, a_group(namespace, replicas=2)))

        assert first == Meta.parse(kube.merge_patch(WORKER_GROUPS, first.key, scaled(2)))

    def test_a_null_removes_a_field(self, kube: Kube, namespace: str) -> None:
        """
        A merge patch leaves out what it does not name and removes what it names as null.
        """
        meta = Meta.parse(kube.create(WORKER_GROUPS, a_group(namespace)))
        both, without = {"a": "1", "b": "1"}, {"a": None}
        kube.merge_patch(WORKER_GROUPS, meta.key, {"metadata": {"annotations": both}})
        body = {"metadata": {"annotations": without}}
        patched = kube.merge_patch(WORKER_GROUPS, meta.key, body)

        assert {"b": "1"} == patched["metadata"]["annotations"]

    def test_a_stale_version_is_a_conflict(self, kube: Kube, namespace: str) -> None:
        """
        A patch that names an older version changes nothing; one that names the newest works.
        """
        first = Meta.parse(kube.create(WORKER_GROUPS, a_group(namespace)))
        second = Meta.parse(kube.merge_patch(WORKER_GROUPS, first.key, scaled(2)))

        stale = scaled(3, resourceVersion=first.resource_version, uid=first.uid)
        with pytest.raises(ConflictError):
            kube.merge_patch(WORKER_GROUPS, first.key, stale)
        fresh = scaled(4, resourceVersion=second.resource_version, uid=second.uid)
        patched = kube.merge_patch(WORKER_GROUPS, first.key, fresh)

        assert 4 == patched["spec"]["worker"]["replicas"]

    def test_a_patch_of_what_was_made_anew_is_a_conflict(self, kube: Kube, namespace: str) -> None:
        """
        What was meant for a deleted object does not reach the one that has its name now.
        """
        first = Meta.parse(kube.create(WORKER_GROUPS, a_group(namespace)))
        kube.delete(WORKER_GROUPS, first.key, first.uid)
        second = Meta.parse(kube.create(WORKER_GROUPS, a_group(namespace)))

        old = scaled(3, resourceVersion=first.resource_version, uid=first.uid)
        with pytest.raises(ConflictError):
            kube.merge_patch(WORKER_GROUPS, first.key, old)

        assert first.uid != second.uid
        assert second == Meta.parse(kube.get(WORKER_GROUPS, first.key))

    def test_a_uid_cannot_be_patched(self, kube: Kube, namespace: str) -> None:
        """
        Another uid with the right version is no conflict to the server but an invalid change.
        """
        meta = Meta.parse(kube.create(WORKER_GROUPS, a_group(namespace)))
        body = scaled(3, resourceVersion=meta.resource_version, uid="another-uid")

        with pytest.raises(InvalidError):
            kube.merge_patch(WORKER_GROUPS, meta.key, body)

        assert meta == Meta.parse(kube.get(WORKER_GROUPS, meta.key))

    def test_status_and_spec_have_doors_of_their_own(self, kube: Kube, namespace: str) -> None:
        """
        The subresource writes only status, the object only the rest, and status is no generation.
        """
        meta = Meta.parse(kube.create(WORKER_GROUPS, a_group(namespace)))
        both = {**scaled(7), "status": {"selector": "a=b"}}

        through_status = kube.merge_patch(WORKER_GROUPS, meta.key, both, "status")
        other = {**scaled(8), "status": {"selector": "c=d"}}
        through_object = kube.merge_patch(WORKER_GROUPS, meta.key, other)

        assert (1, 1, "a=b") == shape(through_status)
        assert (2, 8, "a=b") == shape(through_object)

    def test_a_create_brings_no_status(self, kube: Kube, namespace: str) -> None:
        """
        A status in a manifest that is created is dropped.
        """
        made = kube.create(WORKER_GROUPS, {**a_group(namespace), "status": {"selector": "a=b"}})

        assert "selector" not in made.get("status", {})

    def test_a_delete_needs_the_uid(self, kube: Kube, namespace: str) -> None:
        """
        Another uid deletes nothing, the right one the object.
        """
        meta = Meta.parse(kube.create(WORKER_GROUPS, a_group(namespace)))

        with pytest.raises(ConflictError):
            kube.delete(WORKER_GROUPS, meta.key, "another-uid")
        assert meta == Meta.parse(kube.get(WORKER_GROUPS, meta.key))
        kube.delete(WORKER_GROUPS, meta.key, meta.uid)

        with pytest.raises(NotFoundError):
            kube.get(WORKER_GROUPS, meta.key)

    def test_a_delete_can_need_a_version(self, kube: Kube, namespace: str) -> None:
        """
        What has changed since it was read is not deleted by one who has not seen that.
        """
        first = Meta.parse(kube.create(WORKER_GROUPS, a_group(namespace)))
        second = Meta.parse(kube.merge_patch(WORKER_GROUPS, first.key, scaled(2)))

        with pytest.raises(ConflictError):
            kube.delete(WORKER_GROUPS, first.key, first.uid, first.resource_version)
        assert second == Meta.parse(kube.get(WORKER_GROUPS, first.key))
        kube.delete(WORKER_GROUPS, first.key, first.uid, second.resource_version)

        with pytest.raises(NotFoundError):
            kube.get(WORKER_GROUPS, first.key)

    def test_what_is_applied_is_there(self, kube: Kube, namespace: str) -> None:
        """
        Applying creates an object, changes it, changes nothing, and removes what is left out.
        """
        first = kube.apply(WORKER_GROUPS, labelled(a_group(namespace), a="1", b="1"))
        again = kube.apply(WORKER_GROUPS, labelled(a_group(namespace), a="1", b="1"))
        third = kube.apply(WORKER_GROUPS, labelled(a_group(namespace, replicas=3), a="2"))

        assert first["metadata"]["resourceVersion"] == again["metadata"]["resourceVersion"]
        assert {"a": "2"} == third["metadata"]["labels"]
        assert (2, 3, "") == shape(third)

    def test_what_others_wrote_is_not_removed_by_applying(self, kube: Kube, namespace: str) -> None:
        """
        A field that somebody else set stays, unless it is applied.
        """
        meta = Meta.parse(kube.apply(WORKER_GROUPS, labelled(a_group(namespace), a="1")))
        kube.merge_patch(WORKER_GROUPS, meta.key, {"metadata": {"annotations": {"x": "y"}}})
        applied = kube.apply(WORKER_GROUPS, labelled(a_group(namespace), a="2"))

        assert {"x": "y"} == applied["metadata"]["annotations"]

    def test_a_collection_goes_by_its_labels(self, kube: Kube, namespace: str) -> None:
        """
        All objects with the label go, and no others.
        """
        for name, label in (("a", "x"), ("b", "y"), ("c", "x")):
            kube.create(WORKER_GROUPS, labelled(a_group(namespace, name), of=label))

        kube.delete_collection(WORKER_GROUPS, namespace, "of=x")

        assert ["b"] == listed(groups(kube), namespace)[0]

    def test_the_version_of_now_is_that_of_a_list(self, kube: Kube, namespace: str) -> None:
        """
        It is not before what was written last.
        """
        meta = Meta.parse(kube.create(WORKER_GROUPS, a_group(namespace)))

        assert not is_older(groups(kube).version(), meta.resource_version)

    def test_a_version_that_is_still_to_come_is_silence(self, kube: Kube, namespace: str) -> None:
        """
        A watch from the future is no error, and misses what happens before: nobody may begin one.
        """
        version = str(int(groups(kube).version()) + 100_000)
        with watching(groups(kube), version, namespace) as watch:
            kube.create(WORKER_GROUPS, a_group(namespace))

            with pytest.raises(queue.Empty):
                watch.events.get(timeout=SILENCE_SECONDS)

    def test_an_interrupted_watch_can_go_on(self, kube: Kube, namespace: str) -> None:
        """
        An interrupt ends the watch under way, and the same watcher can begin another one.
        """
        _, version = listed(groups(kube), namespace)
        with watching(groups(kube), version, namespace) as first:
            meta = Meta.parse(kube.create(WORKER_GROUPS, a_group(namespace)))
            first.events.get(timeout=BOUND_SECONDS)
            first.source.interrupt()
            first.thread.join(STOP_SECONDS)
            assert not first.thread.is_alive()
            with watching(first.source, meta.resource_version, namespace) as second:
                kube.merge_patch(WORKER_GROUPS, meta.key, scaled(2))
                seen = second.events.get(timeout=BOUND_SECONDS)

        assert ("MODIFIED", "g") == seen

    def test_a_list_holds_every_object_once(self, kube: Kube, namespace: str) -> None:
        """
        Over all its pages a list has each object once, and each page has a version.
        """
        for number in range(5):
            kube.create(WORKER_GROUPS, a_group(namespace, f"g{number}"))

        names, version = listed(groups(kube), namespace)

        assert [f"g{number}" for number in range(5)] == sorted(names)
        assert version

    def test_a_watch_goes_on_where_the_list_ended(self, kube: Kube, namespace: str) -> None:
        """
        Nothing that is listed comes again, and every later change comes once, in its order.
        """
        kube.create(WORKER_GROUPS, a_group(namespace, "old"))
        _, version = listed(groups(kube), namespace)
        with watching(groups(kube), version, namespace) as watch:
            meta = Meta.parse(kube.create(WORKER_GROUPS, a_group(namespace)))
            kube.merge_patch(WORKER_GROUPS, meta.key, scaled(2))
            kube.delete(WORKER_GROUPS, meta.key, meta.uid)
            seen = [watch.events.get(timeout=BOUND_SECONDS) for _ in range(3)]

        assert [("ADDED", "g"), ("MODIFIED", "g"), ("DELETED", "g")] == seen

    def test_a_watch_begins_after_a_version(self, kube: Kube, namespace: str) -> None:
        """
        A watch from the version of a change gives what came after it, and not that change.
        """
        meta = Meta.parse(kube.create(WORKER_GROUPS, a_group(namespace)))
        kube.create(WORKER_GROUPS, a_group(namespace, "later"))
        with watching(groups(kube), meta.resource_version, namespace) as watch:
            seen = watch.events.get(timeout=BOUND_SECONDS)

        assert ("ADDED", "later") == seen

    def test_a_version_that_is_too_old_is_gone(self, kube: Kube, namespace: str) -> None:
        """
        A version that the server does not remember is an error, not a gap.
        """
        kube.create(WORKER_GROUPS, a_group(namespace))

        with pytest.raises(GoneError):
            next(groups(kube).watch("1"))

    def test_a_silent_watch_can_be_stopped(self, kube: Kube, namespace: str) -> None:
        """
        A watch that waits for events ends soon after a stop, and later ones end at once.
        """
        meta = Meta.parse(kube.create(WORKER_GROUPS, a_group(namespace)))
        _, version = listed(groups(kube), namespace)
        with watching(groups(kube), version, namespace) as watch:
            kube.merge_patch(WORKER_GROUPS, meta.key, scaled(2))
            watch.events.get(timeout=BOUND_SECONDS)
            watch.source.stop()
            watch.thread.join(STOP_SECONDS)
            alive = watch.thread.is_alive()

        assert (False, []) == (alive, list(watch.source.watch(version)))


def shape(group: Any) -> tuple[int, int, str]:
    """Generation, wanted workers, and the status' selector."""
    spec, status = group["spec"], group.get("status", {})
    return group["metadata"]["generation"], spec["worker"]["replicas"], status.get("selector", "")
