"""What holds for the plans of all kinds, whatever they meet, also when they are carried out."""

import copy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from daskop.api.children import Pod, Service
from daskop.api.cluster import CLUSTER
from daskop.api.conditions import rfc3339
from daskop.api.job import JOB
from daskop.api.meta import Manifest, Meta
from daskop.api.resources import CLUSTERS, JOBS, PODS, SERVICES, WORKER_GROUPS, Resource
from daskop.api.worker_group import WORKER_GROUP
from daskop.plan.actions import Create, Delete, Join, Patch, Plan
from daskop.plan.cluster import default_group, plan_cluster, scheduler_pod
from daskop.plan.job import job_cluster, plan_job, runner_pod
from daskop.plan.names import Naming
from daskop.plan.observed import ObservedCluster, ObservedJob, ObservedWorkerGroup
from daskop.plan.refusal import has_ended
from daskop.plan.service import scheduler_service
from daskop.plan.worker_group import ELSEWHERE, plan_worker_group, template_digest, worker_pod
from tests.unit.builders import CLUSTER_UID, NAMESPACE, POD_SPEC, a_cluster, owned_by

Json = dict[str, Any]

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ROUND, ROUNDS = timedelta(minutes=6), 5  # longer than anything is held back
UID, ADDRESS = "own-uid", "tcp://c-service.ns.svc:8786"
PARSERS: dict[Resource, Callable[[Manifest], Any]] = {PODS: Pod.parse, SERVICES: Service.parse}
PARSERS |= {CLUSTERS: CLUSTER.parse, WORKER_GROUPS: WORKER_GROUP.parse, JOBS: JOB.parse}


class Scene:
    """An object of ours and all that stands around it, as the server has it."""

    def __init__(self, resource: Resource, owner: Json, children: list[Json]) -> None:
        self.resource, self.owner, self.now = resource, owner, NOW
        self.objects = {(child["kind"], child["metadata"]["name"]): child for child in children}
        self.objects[owner["kind"], owner["metadata"]["name"]] = owner
        self.backwards = False

    def view(self, resource: Resource, name: str) -> Any:
        manifest = self.objects.get((resource.kind, name))
        return PARSERS[resource](manifest) if manifest else None

    def workers(self) -> list[Pod]:
        pods = [Pod.parse(o) for (kind, _), o in self.objects.items() if kind == "Pod"]
        return [pod for pod in pods if pod.meta.controlled_by(UID)][:: -1 if self.backwards else 1]

    def plan(self) -> Plan:
        name = self.owner["metadata"]["name"]
        view = self.view(self.resource, name)
        if self.resource == CLUSTERS:
            scheduler = self.view(PODS, Naming.scheduler(name))
            service = self.view(SERVICES, Naming.service(name))
            group = self.view(WORKER_GROUPS, Naming.default_group(name))
            return plan_cluster(ObservedCluster(view, scheduler, service, group), self.now)
        if self.resource == JOBS:
            cluster = self.view(CLUSTERS, Naming.job_cluster(name))
            runner = self.view(PODS, Naming.runner(name))
            return plan_job(ObservedJob(view, cluster, runner, ADDRESS), self.now)
        taken = {name for kind, name in self.objects if kind == "Pod"}
        observed = ObservedWorkerGroup(view, a_cluster(), ADDRESS, self.workers(), taken)
        return plan_worker_group(observed, self.now)

    def carry_out(self, plan: Plan) -> None:
        for action in plan.actions:
            match action:
                case Create(resource, manifest):
                    born = {"uid": f"{action.key.name}-{self.now}", "resourceVersion": "1"}
                    born |= {**manifest["metadata"], "creationTimestamp": rfc3339(self.now)}
                    made = {**manifest, "metadata": born}
                    self.objects[resource.kind, action.key.name] = copy.deepcopy(made)
                case Delete(resource, key):
                    del self.objects[resource.kind, key.name]
                case Patch(resource, meta, body):
                    merge(self.objects[resource.kind, meta.key.name], body)
                case Join():
                    self.owner["metadata"]["ownerReferences"] += [action.owner.manifest()]
        if plan.status is not None:
            self.owner["status"] = plan.status

    def let_time_pass(self) -> None:
        """What is going goes, and what can start starts."""
        self.now += ROUND
        for at, found in list(self.objects.items()):
            if "deletionTimestamp" in found["metadata"]:
                del self.objects[at]
            elif at[0] == "Pod" and Pod.parse(found).alive:
                ready = [{"type": "Ready", "status": "True"}]
                found["status"] = {"phase": "Running", "conditions": ready}

    def rounds(self) -> Iterator[Plan]:
        """Some plans, each of which is carried out once it was looked at."""
        for _ in range(ROUNDS):
            plan = self.plan()
            yield plan
            self.carry_out(plan)
            self.let_time_pass()


def merge(target: Json, patch: Manifest) -> None:
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        elif isinstance(value, dict):
            merge(target.setdefault(name, {}), value)
        else:
            target[name] = value


OTHERS = [owned_by("a-stranger"), owned_by(UID, controller=False)]
OWNERS = st.sampled_from([*[owned_by(UID)] * 4, *OTHERS])
READY = st.sampled_from(["True", "False"]).map(lambda ready: [{"type": "Ready", "status": ready}])
POD_STATUS = st.fixed_dictionaries(
    {
        "phase": st.sampled_from(["Pending", "Running", "Succeeded", "Failed", "Unknown"]),
        "reason": st.sampled_from(["", "Evicted", "DeadlineExceeded"]),
        "conditions": READY,
    }
)
CREATED = st.sampled_from(["2026-01-02T03:04:00Z", "2026-01-01T00:00:00Z"])
FAILURES = {"failures": 3, "lastFailureTime": "2026-01-02T03:04:00Z", "desiredReplicas": 9}
STATUS = st.sampled_from([{}, FAILURES]).map(dict)
REPLICAS = st.integers(0, 4)


@st.composite
def children(draw: st.DrawFn, wanted: Json) -> Json:
    """The object that is *wanted*, or another one under its name, in whatever state."""
    child = copy.deepcopy(wanted)
    metadata = child["metadata"]
    metadata["ownerReferences"] = [draw(OWNERS).manifest()]
    metadata |= {"uid": f"{metadata['name']}-uid", "resourceVersion": "1"}
    metadata["creationTimestamp"] = draw(CREATED)
    if draw(st.integers(0, 4)) == 0:
        metadata["deletionTimestamp"] = "2026-01-02T03:04:05Z"
    lost = draw(st.sampled_from(["", "", "labels", "annotations"]))
    metadata |= {lost: {"by": "somebody"}} if lost else {}
    if child["kind"] == "Pod":
        child["status"] = draw(POD_STATUS)
    if child["kind"] == "DaskWorkerGroup":
        child["spec"]["worker"]["replicas"] = draw(REPLICAS)
    if child["kind"] == "DaskCluster":
        child["spec"]["worker"] |= {"replicas": draw(REPLICAS), "metadata": {"labels": {"a": "b"}}}
    if child["kind"] == "Service" and draw(st.booleans()):
        child["spec"] |= {"selector": {"by": "somebody"}, "sessionAffinity": "ClientIP"}
    return child


def an_owner(resource: Resource, name: str, spec: Json, status: Json) -> Json:
    metadata: Json = {"name": name, "namespace": NAMESPACE, "uid": UID, "resourceVersion": "1"}
    metadata |= {"generation": 3, "labels": {"team": "a"}}
    return {"kind": resource.kind, "metadata": metadata, "spec": spec, "status": status}


def spec_of_cluster(replicas: int) -> Json:
    return {"worker": {"replicas": replicas, "spec": POD_SPEC}, "scheduler": {"spec": POD_SPEC}}


@st.composite
def clusters(draw: st.DrawFn) -> Scene:
    owner = an_owner(CLUSTERS, "c", spec_of_cluster(draw(REPLICAS)), draw(STATUS))
    view = CLUSTER.parse(owner)
    wanted = [scheduler_pod(view), scheduler_service(view), default_group(view)]
    return Scene(CLUSTERS, owner, [draw(children(w)) for w in wanted if draw(st.booleans())])


@st.composite
def jobs(draw: st.DrawFn) -> Scene:
    policy = draw(st.sampled_from(["OnFailure", "Never"]))
    runner = {"spec": {**POD_SPEC, "restartPolicy": policy}}
    spec = {"job": runner, "cluster": {"spec": spec_of_cluster(draw(REPLICAS))}}
    owner = an_owner(JOBS, "j", spec, draw(STATUS))
    view = JOB.parse(owner)
    wanted = [job_cluster(view), runner_pod(view, ADDRESS)]
    return Scene(JOBS, owner, [draw(children(w)) for w in wanted if draw(st.booleans())])


@st.composite
def groups(draw: st.DrawFn, *, full: bool = False) -> Scene:
    """A group with some Pods; with *full* as many live ones as it wants."""
    worker: Json = {"replicas": draw(REPLICAS), "spec": POD_SPEC}
    spec = {"cluster": "c", "worker": worker}
    owner = an_owner(WORKER_GROUPS, "g", spec, draw(STATUS))
    joined = owned_by(CLUSTER_UID).manifest()
    owner["metadata"]["ownerReferences"] = [joined] if full or draw(st.booleans()) else []
    numbers = st.sampled_from([*range(5), *range(ELSEWHERE, ELSEWHERE + 3)])
    names = [Naming.worker("g", UID, n) for n in draw(st.lists(numbers, unique=True))]
    view = WORKER_GROUP.parse(owner)
    pods = [draw(children(worker_pod(view, name, ADDRESS, "t"))) for name in names]
    scene = Scene(WORKER_GROUPS, owner, pods)
    if full:
        worker["replicas"] = sum(pod.alive for pod in scene.workers())
    return scene


scenes = st.one_of(clusters(), jobs(), groups())


@given(scene=scenes)
def test_a_few_rounds_leave_nothing_to_do(scene: Scene) -> None:
    """
    Carried out again and again, plans come to an end: nothing is written, said, or waited for.
    """
    assert ROUNDS == len(list(scene.rounds()))
    last = scene.plan()
    scene.carry_out(last)
    after = scene.plan()

    assert [(), (), (), ()] == [last.actions, last.events, after.actions, after.events]
    assert after.status in (None, scene.owner["status"])


@given(scene=groups())
def test_never_too_many_workers(scene: Scene) -> None:
    """
    In no round are there more live workers than wanted, unless there were as many before.
    """
    wanted = scene.owner["spec"]["worker"]["replicas"]
    before = sum(pod.alive for pod in scene.workers())
    for _ in scene.rounds():
        alive = sum(pod.alive for pod in scene.workers())
        assert alive <= max(wanted, before)
        before = alive

    assert wanted == sum(pod.alive for pod in scene.workers())


@given(scene=groups(full=True))
def test_a_full_group_is_left_alone(scene: Scene) -> None:
    """
    With as many live workers as wanted none of them is deleted, and none is made.
    """
    plan, alive = scene.plan(), {pod.meta.key for pod in scene.workers() if pod.alive}

    assert [] == [action for action in plan.actions if isinstance(action, Create)]
    deleted = {action.key for action in plan.actions if isinstance(action, Delete)}
    # One that has not run yet makes room for one of today's template.
    today = template_digest(scene.view(WORKER_GROUPS, "g"), ADDRESS)
    assert not alive & deleted - {p.meta.key for p in scene.workers() if p.template != today}


@given(scene=st.one_of(clusters(), jobs()))
def test_what_lives_stays(scene: Scene) -> None:
    """
    Of a cluster and a job only Pods that have ended are deleted, and the cluster after the job.
    """
    for plan in scene.rounds():
        for action in plan.actions:
            if isinstance(action, Delete) and action.resource == PODS:
                assert scene.view(PODS, action.key.name).ended
            elif isinstance(action, Delete):
                assert (CLUSTERS, True) == (action.resource, has_ended(scene.owner["status"]))


@given(scene=scenes)
def test_the_same_input_gives_the_same_plan(scene: Scene) -> None:
    """
    A plan is a function of what is observed, in whatever order the caches give it.
    """
    for plan in scene.rounds():
        assert plan == scene.plan()
        scene.backwards = not scene.backwards
        turned = scene.plan()
        assert (plan.status, plan.events) == (turned.status, turned.events)
        assert len(plan.actions) == len(turned.actions)
        assert [] == [action for action in plan.actions if action not in turned.actions]


@given(scene=scenes)
def test_no_name_is_taken(scene: Scene) -> None:
    """
    What is made has a name under which nothing stands, and no two have the same.
    """
    for plan in scene.rounds():
        made = [a for a in plan.actions if isinstance(a, Create)]
        made += [create.instead() for create in made if create.instead is not None]
        names = [(create.resource.kind, create.key.name) for create in made]
        assert (len(names), set()) == (len(set(names)), scene.objects.keys() & set(names))


@given(scene=scenes)
def test_strangers_are_left_alone(scene: Scene) -> None:
    """
    Only what the object controls is written to, by the uid it has now, and only while it stays.
    """
    for plan in scene.rounds():
        for action in plan.actions:
            if isinstance(action, Delete | Patch):
                at = action.key if isinstance(action, Delete) else action.meta.key
                meta = Meta.parse(scene.objects[action.resource.kind, at.name])
                uid = action.uid if isinstance(action, Delete) else action.meta.uid
                assert (meta.uid, True, False) == (uid, meta.controlled_by(UID), meta.deleting)
            if isinstance(action, Join):
                assert UID == action.meta.uid
