"""People are told of a transition once, when it is on record; a refusal corrects what is said."""

from collections.abc import Iterator
from typing import Any

import pytest

from daskop.api.resources import CLUSTERS, PODS, WORKER_GROUPS
from daskop.errors import ConflictError, ForbiddenError, NotFoundError, OutdatedSchemaError
from daskop.plan.actions import Create, Event, Plan
from tests.unit.builders import POD_SPEC, key
from tests.unit.controllers.world import World, a_world
from tests.unit.runtime.desk import Desk, View, a_desk

STARTED = Event("Started", "It has started")
DENIED = ForbiddenError(403, "Forbidden", "not yours")
TOLD = Event("Forbidden", "not yours", warning=True)
CREATE = (Create(PODS, {"metadata": {"name": "p", "namespace": "ns"}}, "u"),)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as desk:
        yield desk


def transition(view: View, to: str, actions: tuple[Create, ...] = ()) -> Plan:
    """As all plans are made: an event where the stored status says something else."""
    events = () if view.status.get("word") == to else (STARTED,)
    return Plan(actions, {"word": to}, events)


def test_an_event_follows_the_status(desk: Desk) -> None:
    """
    It is told after the write of the status that it comes from.
    """
    desk.execute(Plan(CREATE, {"word": "up"}, (STARTED,)))

    assert ([STARTED], [2]) == (desk.told, desk.written)
    assert ["create p", "patch c"] == desk.kube.writes


@pytest.mark.parametrize("status", [None, {"word": "up"}])
def test_an_event_whose_status_is_stored_already_is_told(
    desk: Desk, status: dict[str, Any] | None
) -> None:
    """
    Where nothing has to be written nothing is waited for.
    """
    desk.execute(Plan(status={"word": "up"}))
    desk.execute(Plan(status=status, events=(STARTED,)))

    assert ([STARTED], ["patch c"]) == (desk.told, desk.kube.writes)


def test_an_event_waits_for_a_status_that_is_deferred(desk: Desk) -> None:
    """
    A status that was written just now has the event told by the pass that stores the next one.
    """
    desk.execute(Plan(status={"word": "down"}))
    told = []
    for _ in range(5):
        desk.execute(transition(desk.view(), "up"))
        told.append((desk.view().status["word"], len(desk.told)))

    assert [("down", 0)] * 3 + [("up", 1)] * 2 == told


def test_an_event_of_a_status_that_cannot_be_stored_is_not_told(desk: Desk) -> None:
    """
    The pass fails without a word, and the next one that succeeds tells it once.
    """
    desk.kube.refuse["patch c"] = ConflictError(409, "Conflict", "stale")
    with pytest.raises(ConflictError):
        desk.execute(transition(desk.view(), "up"))
    before = list(desk.told)
    desk.kube.refuse.clear()
    for _ in range(8):
        desk.execute(transition(desk.view(), "up"))

    assert ([], [STARTED]) == (before, desk.told)


def test_an_object_that_went_meanwhile_is_no_failure(desk: Desk) -> None:
    """
    There is no status to store and nobody to tell of it.
    """
    view = desk.view()
    desk.kube.refuse["patch c"] = NotFoundError(404, "NotFound", "gone")

    desk.execute(transition(view, "up"))

    assert [] == desk.told


def test_an_event_by_a_stale_view_is_told_by_the_next_pass(desk: Desk) -> None:
    """
    Somebody changed the object meanwhile: what was planned by its old state is not told.
    """
    old = desk.view()
    desk.kube.merge_patch(CLUSTERS, key("c"), {"spec": {"by": "somebody"}})
    with pytest.raises(ConflictError):
        desk.execute(transition(old, "up"), old)
    before = list(desk.told)
    for _ in range(8):
        desk.execute(transition(desk.view(), "up"))

    assert ([], [STARTED]) == (before, desk.told)


def test_a_failed_write_leaves_status_and_events_to_the_next_pass(desk: Desk) -> None:
    """
    What could not be done is not said to be done.
    """
    desk.kube.refuse["create p"] = ConflictError(409, "Conflict", "stale")
    with pytest.raises(ConflictError):
        desk.execute(transition(desk.view(), "up", CREATE))
    before = (desk.view().status, list(desk.told))
    desk.kube.refuse.clear()
    desk.execute(transition(desk.view(), "up", CREATE))

    assert (({}, []), [STARTED]) == (before, desk.told)


def a_condition(type_: str, status: str, since: str = "2025-01-01T00:00:00Z") -> dict[str, Any]:
    told = {"reason": "Planned", "message": "as planned", "observedGeneration": 1}
    return {"type": type_, "status": status, "lastTransitionTime": since, **told}


@pytest.mark.parametrize(
    ("planned", "phase"), [({"phase": "Running"}, "Error"), ({"jobStatus": "Running"}, None)]
)
@pytest.mark.parametrize("ready", ["True", "False"])
def test_a_refusal_corrects_what_was_planned(
    desk: Desk, planned: dict[str, str], phase: str | None, ready: str
) -> None:
    """
    Ready, Reconciling and an older tool's phase say what is in the way; the rest is as planned.
    """
    desk.kube.refuse["create p"] = DENIED
    reconciling = {"True": "False", "False": "True"}[ready]
    wanted = [("Ready", ready), ("Reconciling", reconciling), ("SchedulerReady", "True")]
    plan = Plan(CREATE, {**planned, "conditions": [a_condition(*entry) for entry in wanted]})
    with pytest.raises(ForbiddenError):
        desk.execute(plan)

    status = desk.view().status
    said = {c["type"]: (c["status"], c["reason"], c["message"]) for c in status["conditions"]}
    denied = ("Forbidden", "not yours")
    assert {
        "Ready": ("False", *denied),
        "Reconciling": ("True", *denied),
        "SchedulerReady": ("True", "Planned", "as planned"),
        "ReplicaFailure": ("True", *denied),
    } == said
    assert (phase, planned.get("jobStatus")) == (status.get("phase"), status.get("jobStatus"))


def test_a_refusal_keeps_the_times_of_what_it_does_not_change(desk: Desk) -> None:
    """
    A condition that was False before has been so since then; one that becomes False is so now.
    """
    long_ago = [a_condition("Ready", "False"), a_condition("Reconciling", "False")]
    desk.execute(Plan(status={"conditions": long_ago}))
    desk.clock.step(1)
    desk.kube.refuse["create p"] = DENIED
    planned = [a_condition("Ready", "True", "x"), a_condition("Reconciling", "False", "x")]
    with pytest.raises(ForbiddenError):
        desk.execute(Plan(CREATE, {"conditions": planned}))

    times = {c["type"]: c["lastTransitionTime"] for c in desk.view().status["conditions"]}
    assert {
        "Ready": "2025-01-01T00:00:00Z",
        "Reconciling": "2026-01-01T00:00:01Z",
        "ReplicaFailure": "2026-01-01T00:00:01Z",
    } == times


def test_a_refusal_is_told_although_its_status_is_deferred(desk: Desk) -> None:
    """
    It is raised as well, so that the pass comes again and stores what is still to be said.
    """
    desk.execute(Plan(status={"word": "up"}))
    desk.kube.refuse["create p"] = DENIED
    with pytest.raises(ForbiddenError):
        desk.execute(Plan(CREATE, {"word": "up"}))

    assert ([TOLD], {"word": "up"}) == (desk.told, desk.view().status)


def test_a_refused_look_at_the_object_is_told(desk: Desk) -> None:
    """
    Who may not read the object itself learns of it as of any other refusal, and nothing is written.
    """
    seen = desk.view()
    desk.kube.refuse["get c"] = DENIED
    with pytest.raises(ForbiddenError):
        desk.execute(Plan(CREATE, {"word": "up"}), seen)
    desk.kube.refuse.clear()

    (entry,) = desk.view().status["conditions"]
    assert ("ReplicaFailure", "not yours") == (entry["type"], entry["message"])
    assert ([TOLD], ["patch c"]) == (desk.told, desk.kube.writes)


def test_a_status_that_may_not_be_stored_is_told_by_an_event(desk: Desk) -> None:
    """
    With it comes what was refused before; what the status would have said is left to the next pass.
    """
    denied = ForbiddenError(403, "Forbidden", "no status of yours")
    no_status = Event("Forbidden", "no status of yours", warning=True)
    desk.kube.refuse["patch c"] = denied
    with pytest.raises(ForbiddenError, match="no status"):
        desk.execute(transition(desk.view(), "up", CREATE))
    desk.kube.refuse["create p"] = DENIED
    desk.clock.step(1)
    with pytest.raises(ForbiddenError, match="no status"):
        desk.execute(transition(desk.view(), "up", CREATE))

    assert [no_status, TOLD, no_status] == desk.told
    assert {} == desk.view().status


def test_a_status_that_is_stored_in_part_is_told_by_an_event(desk: Desk) -> None:
    """
    Where a CRD is too old for a field, what the rest of the status has said is told as well.
    """
    desk.kube.refuse["patch c"] = OutdatedSchemaError("too old")
    with pytest.raises(OutdatedSchemaError):
        desk.execute(transition(desk.view(), "up", CREATE))

    assert [STARTED, Event("OutdatedSchema", "too old", warning=True)] == desk.told


def test_a_refusal_whose_status_is_in_conflict_is_told_by_the_next_pass(desk: Desk) -> None:
    """
    The conflict is what the pass ends with: the next one meets the refusal again.
    """
    desk.kube.refuse |= {"create p": DENIED, "patch c": ConflictError(409, "Conflict", "stale")}
    with pytest.raises(ConflictError):
        desk.execute(Plan(CREATE, {"word": "up"}))
    before = list(desk.told)
    del desk.kube.refuse["patch c"]
    desk.clock.step(1)
    with pytest.raises(ForbiddenError):
        desk.execute(Plan(CREATE, {"word": "up"}))

    assert ([], [TOLD]) == (before, desk.told)


def test_a_transition_that_a_refused_pass_has_stored_is_told(desk: Desk) -> None:
    """
    What the status says from then on is no news to any later pass: it is told all the same, once.
    """
    desk.kube.refuse["create p"] = DENIED
    with pytest.raises(ForbiddenError):
        desk.execute(transition(desk.view(), "up", CREATE))
    stored = desk.view().status["word"]
    for _ in range(8):
        desk.execute(transition(desk.view(), "up"))

    assert ("up", 1) == (stored, desk.told.count(STARTED))


@pytest.fixture
def world() -> Iterator[World]:
    """A worker group with one worker, which runs."""
    with a_world() as made:
        meta = {"name": "c", "namespace": "ns"}
        worker = {"replicas": 1, "spec": POD_SPEC}
        cluster = {"worker": {**worker, "replicas": 0}, "scheduler": {"spec": POD_SPEC}}
        made.kube.create(CLUSTERS, {"kind": "DaskCluster", "metadata": meta, "spec": cluster})
        group = {"cluster": "c", "worker": worker}
        at = {**meta, "name": "g"}
        made.kube.create(WORKER_GROUPS, {"kind": "DaskWorkerGroup", "metadata": at, "spec": group})
        made.settle()
        made.pods_run()
        made.settle()
        yield made


def test_a_replacement_is_recorded_whatever_becomes_of_its_first_status(world: World) -> None:
    """
    A Pod that was replaced is gone in the next pass: its failure is counted and told all the same.
    """
    (worker,) = world.workers("g")
    world.set_pod(worker, phase="Failed")
    world.kube.refuse["patch g"] = ConflictError(409, "Conflict", "stale")
    world.look()
    with pytest.raises(ConflictError):
        world.reconcile(WORKER_GROUPS, "g")
    world.kube.refuse.clear()
    world.settle()

    assert [worker] != world.workers("g")
    assert 1 == world.status(WORKER_GROUPS, "g")["failures"]
    assert "WorkersReplaced DaskWorkerGroup g" in world.told
