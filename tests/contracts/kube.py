"""What every API server must do, ours in memory as well as a real one."""

import pytest

from daskop.api.meta import Meta, NamespacedName
from daskop.api.resources import WORKER_GROUPS
from daskop.errors import (
    AlreadyExistsError,
    ConflictError,
    InvalidError,
    NotFoundError,
)
from tests.contracts.groups import Kube, a_group, groups, labelled, scaled, shape
from tests.contracts.watches import WatchContract
from tests.contracts.watching import listed


class KubeContract(WatchContract):
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

    def test_a_null_in_a_list_is_left_out(self, kube: Kube, namespace: str) -> None:
        """
        In the objects of a list that a merge patch brings, null is as good as nothing.
        """
        meta = Meta.parse(kube.create(WORKER_GROUPS, a_group(namespace)))
        containers = [{"name": "main", "env": [{"name": "A", "value": None}], "args": None}]
        body = {"spec": {"worker": {"spec": {"containers": containers}}}}

        patched = kube.merge_patch(WORKER_GROUPS, meta.key, body)

        expected = [{"name": "main", "env": [{"name": "A"}]}]
        assert expected == patched["spec"]["worker"]["spec"]["containers"]

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
