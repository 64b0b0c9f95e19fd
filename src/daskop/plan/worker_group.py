"""The plan of a DaskWorkerGroup: as many live worker Pods as wanted."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import count, islice
from typing import Any

from daskop.api.children import Pod
from daskop.api.labels import PodLabels, reserved_labels
from daskop.api.meta import NamespacedName
from daskop.api.resources import CLUSTERS, PODS, WORKER_GROUPS
from daskop.api.wellknown import (
    SCHEDULER_ADDRESS_ENV,
    WORKER,
    WORKER_NAME_ENV,
)
from daskop.api.worker_group import DaskWorkerGroup
from daskop.plan.actions import MAX_ACTIONS, Action, Create, Delete, Join, Plan
from daskop.plan.digest import digest
from daskop.plan.names import Naming
from daskop.plan.observed import ObservedWorkerGroup
from daskop.plan.pod_template import marked, mended, pod, with_env
from daskop.plan.replacement import Replacement, replacement
from daskop.plan.worker_group_status import (
    belongs_to_another,
    worker_group_events,
    worker_group_status,
)

ELSEWHERE = 1_000_000
"""Added to a worker's number if a stranger has its name: further than numbers ever come."""


def plan_worker_group(observed: ObservedWorkerGroup, now: datetime) -> Plan:
    """Compare the wanted number of workers with those that are there."""
    group, cluster = observed.group, observed.cluster
    if group.meta.deleting:
        return Plan()  # its Pods go by garbage collection
    replaced = replacement(observed.pods, group.status, now)
    template = template_digest(group, observed.address)
    status = worker_group_status(observed, template, replaced, now)
    events = worker_group_events(group.status, status)
    # A group may be applied before its cluster. Workers without a scheduler would only crash.
    orphaned = cluster is None or cluster.meta.deleting
    if cluster is not None and not orphaned and not group.meta.owned_by(cluster.meta.uid):
        if belongs_to_another(observed):
            return Plan(status=status, events=events)
        # The pass that sees the joined group says the rest.
        owner = cluster.as_owner(controller=False)
        return Plan((Join(WORKER_GROUPS, group.meta, CLUSTERS, owner),))
    actions = _actions(observed, template, replaced)
    # Under the Service's name there may be a stranger's, whose scheduler they must not join.
    if orphaned or not observed.served:
        actions = (action for action in actions if isinstance(action, Delete))
    # One more than a pass carries out says that there is more; the rest is not even built.
    return Plan(tuple(islice(actions, MAX_ACTIONS + 1)), status, events, replaced.wait)


def _actions(
    observed: ObservedWorkerGroup, template: str, replaced: Replacement
) -> Iterator[Action]:
    group = observed.group
    alive = [pod for pod in observed.pods if pod.alive]
    labels = PodLabels(group.spec.cluster, WORKER, group.meta.key.name)
    yield from replaced.deletes
    # What is held back keeps its place: another one in it would end as early.
    places = [*alive, *replaced.held]
    surplus = len(places) - group.spec.worker.replicas
    victims = first_to_go(places)[: max(0, surplus)]
    known = template if observed.cluster is not None else None
    # Either creates or deletes, never both: a Pod is not made only to be deleted.
    for victim in victims:
        yield Delete(PODS, victim.meta.key, victim.meta.uid)
    for worker in alive:
        if worker not in victims:
            yield from mended(worker, labels, known)
    for number in islice(_free_numbers(observed), max(0, -surplus)):
        instead = partial(_create, observed, template, number + ELSEWHERE)
        yield _create(observed, template, number, instead)


def _free_numbers(observed: ObservedWorkerGroup) -> Iterator[int]:
    """The numbers of workers that there are not, from 0 on."""
    meta = observed.group.meta

    # The names depend on the group's uid: those of a group made anew are others.
    def is_taken(number: int) -> bool:
        return Naming.worker(meta.key.name, meta.uid, number) in observed.taken

    # A worker that had to go elsewhere stands for its own number, whose name a stranger has.
    return (n for n in count() if not is_taken(n) and not is_taken(n + ELSEWHERE))


def _create(
    observed: ObservedWorkerGroup,
    template: str,
    number: int,
    instead: partial[Create] | None = None,
) -> Create:
    meta = observed.group.meta
    name = Naming.worker(meta.key.name, meta.uid, number)
    manifest = worker_pod(observed.group, name, observed.address, template)
    return Create(PODS, manifest, meta.uid, instead)


def first_to_go(pods: Sequence[Pod]) -> list[Pod]:
    """Order *pods* by what is lost with them: ended, pending, not ready, then the youngest."""
    # Two stable sorts: the second one keeps the order of the first among equals.
    youngest_first = sorted(pods, key=lambda p: (p.meta.created, p.meta.key), reverse=True)
    return sorted(youngest_first, key=lambda p: (not p.ended, p.phase != "Pending", p.ready))


def template_digest(group: DaskWorkerGroup, address: str) -> str:
    """The digest of all that the user can change about a worker, but for what it inherits."""
    # A label that is put on the cluster is no reason to make all workers anew.
    worker = group.spec.worker.model_dump(mode="json", by_alias=True, exclude={"replicas"})
    return digest({"worker": worker, "address": address})


def worker_pod(group: DaskWorkerGroup, name: str, address: str, template: str) -> dict[str, Any]:
    """The Pod of the worker *name*, which connects to the scheduler at *address*."""
    worker = group.spec.worker
    # The args are the user's: whoever wants the name there writes --name $(DASK_WORKER_NAME).
    made = pod(
        NamespacedName(group.meta.key.namespace, name),
        with_env(worker.spec, {WORKER_NAME_ENV: name, SCHEDULER_ADDRESS_ENV: address}),
        worker.metadata,
        reserved_labels(group.spec.cluster, WORKER, group.meta.key.name),
        group,
    )
    return marked(made, template)
