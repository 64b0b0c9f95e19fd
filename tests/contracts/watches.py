"""What the lists and watches of every API server must do."""

import queue

import pytest

from daskop.api.meta import Meta
from daskop.api.resources import WORKER_GROUPS
from daskop.cache.versions import is_older
from daskop.errors import GoneError
from tests.contracts.groups import (
    BOUND_SECONDS,
    SILENCE_SECONDS,
    STOP_SECONDS,
    Kube,
    a_group,
    groups,
    scaled,
)
from tests.contracts.watching import listed, watching


class WatchContract:
    """A part of :class:`tests.contracts.kube.KubeContract`."""

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
