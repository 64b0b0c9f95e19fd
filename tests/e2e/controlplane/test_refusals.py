"""What Kubernetes refuses is told in its own words, seldom, and taken up at once when mended."""

import time
from collections import Counter
from typing import Any, Final

import pytest

from daskop.plan.names import Naming
from tests.e2e.cluster.controlplane.api import Json, has_condition
from tests.e2e.cluster.controlplane.audit import Request, requests
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.controlplane.dask import GROUP, Dask
from tests.e2e.controlplane.pod_states import SCHEDULED, container, terminated
from tests.e2e.controlplane.podspecs import (
    CLUSTER,
    GROUPS,
    HIGHMEM,
    HIGHMEM_WORKER,
    JOB,
    JOB_SCHEDULER,
    JOBS,
    NAME,
    RUNNER,
    SCHEDULER,
    WORKER,
    Part,
)
from tests.e2e.controlplane.quiet import WRITES

TOLD_WITHIN_SECONDS: Final = 5.0

pytestmark = pytest.mark.usefixtures("operator")


NOWHERE: Final = {"volumeMounts": [{"name": "nowhere", "mountPath": "/data"}]}
PLENTY: Final = {"resources": {"limits": {"memory": "plenty"}}}
SOMETIMES: Final = {"podspec": {"restartPolicy": "Sometimes"}}

NOT_FOUND = 'Pod "{}" is invalid: spec.containers[0].volumeMounts[0].name: Not found: "nowhere"'
NO_QUANTITY = (
    'Pod in version "v1" cannot be handled as a Pod: quantities must match the regular expression '
    "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
UNSUPPORTED = (
    'Pod "{}" is invalid: spec.restartPolicy: Unsupported value: "Sometimes": '
    'supported values: "Always", "OnFailure", "Never"'
)


def pod_name(dask: Dask, part: Part) -> str:
    """The Pod that is refused."""
    if part in {WORKER, HIGHMEM_WORKER}:
        group = GROUP if part is WORKER else HIGHMEM
        return Naming.worker(group, dask.get(GROUPS, group)["metadata"]["uid"], 0)
    names = {SCHEDULER: f"{NAME}-scheduler", RUNNER: f"{JOB}-runner"}
    return names.get(part, f"{JOB}-cluster-scheduler")


def is_up(dask: Dask, part: Part) -> bool:
    """Whether what was refused is taken."""
    expected = ("False", "RunnerRunning") if part.plural == JOBS else ("True", "Ready")
    found = dask.condition(part.plural, part.name, part.condition)
    return (found["status"], found["reason"]) == expected


REFUSED: Final = {
    "scheduler, volume": (SCHEDULER, NOWHERE, NOT_FOUND),
    "scheduler, quantity": (SCHEDULER, PLENTY, NO_QUANTITY),
    "scheduler, policy": (SCHEDULER, SOMETIMES, UNSUPPORTED),
    "worker, volume": (WORKER, NOWHERE, NOT_FOUND),
    "worker, quantity": (WORKER, PLENTY, NO_QUANTITY),
    "worker, policy": (WORKER, SOMETIMES, UNSUPPORTED),
    "runner, volume": (RUNNER, NOWHERE, NOT_FOUND),
    "runner, quantity": (RUNNER, PLENTY, NO_QUANTITY),
    "scheduler of a job": (JOB_SCHEDULER, NOWHERE, NOT_FOUND),
}


@pytest.mark.parametrize(("part", "fault", "words"), REFUSED.values(), ids=REFUSED)
def test_a_refused_podspec_is_told_in_the_servers_words(
    dask: Dask, part: Part, fault: Json, words: str
) -> None:
    """
    The condition of the object that the user wrote is exactly what the API server said of the Pod.
    """
    dask.create(part.manifest(**fault))

    told = dask.wait_for_condition(
        part.plural, part.name, part.condition, TOLD_WITHIN_SECONDS, reason="InvalidSpec"
    )

    assert part.prefix + words.format(pod_name(dask, part)) == told["message"]


@pytest.mark.parametrize(
    "part",
    [SCHEDULER, WORKER, RUNNER, JOB_SCHEDULER],
    ids=["scheduler", "worker", "runner", "scheduler of a job"],
)
def test_a_refused_podspec_stalls_what_has_it(dask: Dask, part: Part) -> None:
    """
    Tools that wait by kstatus' rules need not, whichever part of an object's spec is refused.
    """
    dask.create(part.manifest(**NOWHERE))

    dask.wait_for_condition(
        part.plural, part.name, part.condition, TOLD_WITHIN_SECONDS, reason="InvalidSpec"
    )

    dask.wait_for_condition(
        part.plural, part.name, "Stalled", TOLD_WITHIN_SECONDS, status="True", reason="InvalidSpec"
    )


def test_what_is_mended_in_a_job_reaches_its_cluster(dask: Dask) -> None:
    """
    A job whose scheduler was refused runs once its own spec is mended.
    """
    dask.create(JOB_SCHEDULER.manifest(**PLENTY))
    dask.wait_for_condition(JOBS, JOB, "Reconciling", TOLD_WITHIN_SECONDS, reason="InvalidSpec")

    JOB_SCHEDULER.mend(dask)

    dask.wait_for(lambda: is_up(dask, JOB_SCHEDULER), "the job to run", TOLD_WITHIN_SECONDS)


def refused(dask: Dask, part: Part, reason: str) -> list[int]:
    """How often each of the Event objects was told that say that of the part's object."""
    return [
        event["count"]
        for event in dask.api.list(dask.path("events"))
        if (event["involvedObject"]["name"], event["reason"]) == (part.name, reason)
    ]


def writes(plane: ControlPlane, namespace: str) -> list[Request]:
    """What the operator has written in a namespace, or tried to."""
    return [
        request
        for request in requests(plane.audit_log)
        if request.namespace == namespace
        and request.verb in WRITES
        and request.user.endswith(":daskop")
    ]


PARTS: Final = (SCHEDULER, HIGHMEM_WORKER, RUNNER)
"""One for each kind."""

SOUND: Final = "sound"

RETRIES: Final = 4
RETRIES_SECONDS: Final = 3.0
"""At least: after 1, 2 and 4 seconds, and some for what else happens; the next waits 8 more."""


def create_sound_cluster(dask: Dask) -> None:
    """A cluster with nothing wrong, and without workers, for a group to join."""
    manifest = SCHEDULER.manifest()
    manifest["metadata"]["name"], manifest["spec"]["worker"]["replicas"] = SOUND, 0
    dask.create(manifest)
    dask.wait_ready(CLUSTER, SOUND)


def told_seldom(dask: Dask, plane: ControlPlane, reason: str, **container: Any) -> set[str]:
    """Make an object of each kind, wait for retries, and return the names of what was refused."""

    def retried() -> bool:
        return all(sum(refused(dask, part, reason)) >= RETRIES for part in PARTS)

    started = time.monotonic()
    for part in PARTS:
        manifest = part.manifest(**container)
        if part.plural == GROUPS:  # a cluster without a scheduler is asked for no workers
            manifest["spec"]["cluster"] = SOUND
        dask.create(manifest)
    dask.wait_for(retried, "retries", 20)
    assert time.monotonic() - started >= RETRIES_SECONDS
    written = writes(plane, dask.namespace)

    assert [1, 1, 1] == [len(refused(dask, part, reason)) for part in PARTS]
    tried = Counter(request.name for request in written if request.code in {403, 422})
    # Some more for what happened around it meanwhile, as its own status and its cluster's, which
    # are many for a runner on a slow machine. What is not held back is tried tens of times.
    assert max(tried.values()) <= 3 * RETRIES
    names = {part.name for part in PARTS}
    told = Counter(r.name for r in written if r.resource.endswith("/status") and r.name in names)
    assert max(told.values()) <= 3
    return set(tried)


def test_an_invalid_spec_is_told_seldom_and_mended_at_once(
    dask: Dask, control_plane: ControlPlane
) -> None:
    """
    Over several retries there is one event for each object, and a mended spec waits for no retry.
    """
    create_sound_cluster(dask)

    tried = told_seldom(dask, control_plane, "InvalidSpec", **NOWHERE)
    assert {pod_name(dask, part) for part in PARTS} == tried

    for part in PARTS:
        part.mend(dask)
    dask.wait_for(lambda: all(is_up(dask, p) for p in PARTS), "all to be up", TOLD_WITHIN_SECONDS)
    for part in PARTS:
        assert {} == dask.condition(part.plural, part.name, "ReplicaFailure")
        assert {} == dask.condition(part.plural, part.name, "Stalled")


def test_a_quota_is_told_seldom(dask: Dask, control_plane: ControlPlane) -> None:
    """
    Over several retries there is one event for each object that the quota has no room for.
    """
    create_sound_cluster(dask)
    hard = {"pods": "1", "count/daskclusters.kubernetes.dask.org": "2"}
    quota = {"metadata": {"name": "few"}, "spec": {"hard": hard}}
    dask.api.create(dask.path("resourcequotas"), quota)
    dask.wait_for(
        lambda: dask.get("resourcequotas", "few").get("status", {}).get("hard") == hard, "the quota"
    )

    tried = told_seldom(dask, control_plane, "QuotaExceeded")

    pods = {pod_name(dask, part) for part in (SCHEDULER, HIGHMEM_WORKER)}
    assert {*pods, f"{JOB}-cluster"} == tried


CRASHED: Final = container(terminated(3, "Error"), name="other")
OTHER: Final = {"name": "other", "image": "other"}


def ready_pod(dask: Dask, part: Part) -> str:
    """The name of the part's Pod, once its node has made it ready; else nothing."""
    if part is HIGHMEM_WORKER and not dask.worker_names(HIGHMEM):
        return ""
    name = pod_name(dask, part)
    if name not in dask.names("pods"):
        return ""
    return name if has_condition(dask.get("pods", name), "Ready") else ""


@pytest.mark.parametrize(
    ("kind", "phase"), [("containers", "Running"), ("initContainers", "Pending")]
)
@pytest.mark.parametrize("part", PARTS, ids=["scheduler", "worker", "runner"])
def test_another_container_that_fails(dask: Dask, part: Part, kind: str, phase: str) -> None:
    """
    A second container or an init container that crashes is named, with how it ended.
    """
    if part is HIGHMEM_WORKER:
        dask.create(SCHEDULER.manifest())
    manifest = part.manifest()
    podspec = part.podspec(manifest)
    podspec[kind] = [*podspec.get(kind, ()), OTHER]
    dask.create(manifest)
    pod = dask.wait_for(lambda: ready_pod(dask, part), "a ready Pod")
    field = kind.removesuffix("s") + "Statuses"
    conditions = [SCHEDULED, {"type": "Ready", "status": "False"}]

    dask.set_pod(pod, phase=phase, conditions=conditions, **{field: [CRASHED]})

    words = f"Pod {pod}: other ended with exit code 3: Error"
    if part is HIGHMEM_WORKER:
        words = f"1 of 2 workers are ready; {words}"
    told = {"reason": "CrashLoop", "message": words}
    dask.wait_for_condition(part.plural, part.name, part.condition, TOLD_WITHIN_SECONDS, **told)
