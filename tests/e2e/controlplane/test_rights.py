"""
The operator's rights are the least that work: without any one of them something is lost.
One operator serves many namespaces, without another right in each; OpenShift's plugin is on.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import pytest

from tests.e2e.cluster.controlplane.api import path_of
from tests.e2e.cluster.controlplane.audit import requests
from tests.e2e.cluster.controlplane.options import Options
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.cluster.controlplane.waiting import wait_until
from tests.e2e.controlplane import rights
from tests.e2e.controlplane.custom_resources import apply_custom_resources
from tests.e2e.controlplane.dask import Dask
from tests.e2e.controlplane.rights import Right
from tests.e2e.controlplane.rights_life import (
    ENDS,
    JOB_ENDED,
    JOINED,
    POD_MENDED,
    SCALED,
    SERVICE_MENDED,
    TOLD,
    UP,
    Life,
    begin,
)
from tests.e2e.controlplane.rights_process import UnreadyOperator

pytestmark = pytest.mark.timeout(330)  # all trials together, in whichever test comes first

DASK: Final = "kubernetes.dask.org"
WHOLE: Final = None
HOME: Final = "whole"
"""The namespace in which no right is missing, and the operator's own."""

ACCOUNT: Final = "confined"
PLAYED_SECONDS: Final = 60.0
HEALED_SECONDS: Final = 150.0
"""A watch is tried again within a minute, and may have to be begun by a list within another one."""

LOST: Final = {
    Right(DASK, "daskclusters", "get"): UP,
    Right(DASK, "daskclusters", "watch"): UP,
    Right(DASK, "daskclusters", "create"): JOB_ENDED,
    Right(DASK, "daskclusters", "patch"): JOB_ENDED,
    Right(DASK, "daskclusters", "delete"): JOB_ENDED,
    Right(DASK, "daskworkergroups", "get"): JOINED,
    Right(DASK, "daskworkergroups", "watch"): JOINED,
    Right(DASK, "daskworkergroups", "create"): UP,
    Right(DASK, "daskworkergroups", "patch"): JOINED,
    Right(DASK, "daskworkergroups", "delete"): JOINED,
    Right(DASK, "daskjobs", "get"): JOB_ENDED,
    Right(DASK, "daskjobs", "watch"): JOB_ENDED,
    Right(DASK, "daskclusters/status", "patch"): UP,
    Right(DASK, "daskworkergroups/status", "patch"): JOINED,
    Right(DASK, "daskjobs/status", "patch"): JOB_ENDED,
    Right(DASK, "daskclusters/finalizers", "update"): UP,
    Right(DASK, "daskworkergroups/finalizers", "update"): UP,
    Right(DASK, "daskjobs/finalizers", "update"): JOB_ENDED,
    Right("", "pods", "get"): POD_MENDED,
    Right("", "pods", "watch"): UP,
    Right("", "pods", "create"): UP,
    Right("", "pods", "patch"): POD_MENDED,
    Right("", "pods", "delete"): SCALED,
    Right("", "services", "get"): SERVICE_MENDED,
    Right("", "services", "watch"): SERVICE_MENDED,
    Right("", "services", "create"): UP,
    Right("", "services", "patch"): SERVICE_MENDED,
    Right("", "resourcequotas", "list"): "",  # that room is used at once: test_quotas.py
    Right("", "resourcequotas", "watch"): "",
    Right("", "events", "create"): TOLD,
    Right("", "events", "patch"): TOLD,
}
"""What does not come about without a right; nothing of what is looked at here without quotas."""

FOR_OWNERS: Final = {
    Right(DASK, "daskclusters/finalizers", "update"): {"create pods", "patch daskworkergroups"},
    Right(DASK, "daskworkergroups/finalizers", "update"): {"create pods"},
    Right(DASK, "daskjobs/finalizers", "update"): {"create daskclusters"},
    Right(DASK, "daskworkergroups", "delete"): {"patch daskworkergroups"},
}
"""Rights that are never used, but asked for where an owner is set: what is refused without them."""


QUOTAS: Final = [right for right in LOST if right.resource == "resourcequotas"]
TOLD_OF: Final = [
    right
    for right in LOST
    if right.verb != "watch" and right.resource not in {"events", "resourcequotas"}
]
"""What passes need; of a watch /readyz tells, and without events or quotas nobody is told."""

SELDOM: Final = 60
"""Refusals of one request in two minutes: after 1, 2, 4 ... 60 s, when something changes, and of a
create those of several objects, since the log does not name what was not made. A loop has thousands."""


@dataclass(slots=True)
class Trial:
    """
    A life without one right, and what came of it.

    Attributes:
        refused: What the operator was refused, and how often for one object.
        reached: The ends that there were by the time when the right was given.
        told: What people were told by then, in conditions and events.
        healed: The ends that there were some time after.
    """

    life: Life
    refused: dict[str, int] = field(default_factory=dict)
    reached: set[str] = field(default_factory=set)
    told: str = ""
    healed: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Played:
    """
    The trials, by the right that is missing.

    Attributes:
        used: What the operator did where no right is missing.
    """

    plane: ControlPlane
    trials: dict[Right | None, Trial]
    used: set[str] = field(default_factory=set)

    def look(self) -> None:
        """Read from the audit log what was refused, and used."""
        counts: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        for request in requests(self.plane.audit_log):
            if not request.user.endswith(f":{ACCOUNT}"):
                continue
            what = f"{request.verb} {request.resource}"
            if request.code == 403:
                counts[request.namespace][what, request.name] += 1
            elif request.namespace == HOME:
                self.used.add(what)
        for trial in self.trials.values():
            for (what, _), count in counts[trial.life.dask.namespace].items():
                trial.refused[what] = max(count, trial.refused.get(what, 0))


@pytest.fixture(scope="module")
def strict_plane() -> Iterator[ControlPlane]:
    """A control plane that asks who sets an owner whether it may delete, and block the owner's end."""
    plugin = "OwnerReferencesPermissionEnforcement"
    with ControlPlane(Options(audit=True, enable_admission=(plugin,))) as plane:
        apply_custom_resources(plane)
        yield plane


@pytest.fixture(scope="module")
def played(strict_plane: ControlPlane) -> Played:
    """Each life, lived as far as it gets; then all rights are given, and it goes on."""
    found = Played(strict_plane, {})
    options = ["--leader-election", f"--lease-namespace={HOME}"]
    for number, right in enumerate((WHOLE, *LOST)):
        namespace = f"without-{number}" if right else HOME
        strict_plane.api.make_namespace(namespace)
        rules = rights.without(rights.rules(), [right] if right else [])
        rights.bind(strict_plane.api, namespace, ACCOUNT, (HOME, ACCOUNT), rules)
        found.trials[right] = Trial(Life(Dask(strict_plane.api, namespace)))
        options.append(f"--namespace={namespace}")
    rights.bind(strict_plane.api, HOME, "lease", (HOME, ACCOUNT), rights.lease_rules())
    accounts = path_of("v1", "serviceaccounts", HOME)
    strict_plane.api.create(accounts, {"metadata": {"name": ACCOUNT}})
    kubeconfig = strict_plane.kubeconfig_for(HOME, ACCOUNT)
    with UnreadyOperator(kubeconfig, options=tuple(options)) as operator:
        operator.wait_until_working()
        play(found)
    found.look()  # a watch that was begun is told of when it ends
    return found


def play(played: Played) -> None:
    """Begin each life, follow it until nothing more can come, give all rights, and follow it on."""
    trials = list(played.trials.values())
    for trial in trials:
        begin(trial.life.dask)
    with suppress(TimeoutError):  # each test says what it misses
        wait_until(lambda: over(played), "the end", within_seconds=PLAYED_SECONDS, every=0.5)
    for trial in trials:
        trial.reached, trial.told = trial.life.reached, told(trial.life.dask)
    for dask in (trial.life.dask for trial in trials):
        dask.api.patch(
            path_of(rights.RBAC, "roles", dask.namespace, ACCOUNT), {"rules": rights.rules()}
        )
    with suppress(TimeoutError):
        wait_until(lambda: healed(trials), "healing", within_seconds=HEALED_SECONDS, every=0.5)


def over(played: Played) -> bool:
    """Go on with each life; whether those that can are over, and all else is refused and told of."""
    for trial in played.trials.values():
        trial.life.go_on()
    if any(played.trials[right].life.reached != ENDS.keys() for right in (WHOLE, *QUOTAS)):
        return False
    played.look()
    return all(
        FOR_OWNERS.get(right, {str(right)}) <= played.trials[right].refused.keys() for right in LOST
    ) and all(words_of(right) in told(played.trials[right].life.dask) for right in TOLD_OF)


def words_of(right: Right) -> str:
    """What the server says to who has not that right."""
    if right in FOR_OWNERS:
        return "cannot set "
    what = f'resource "{right.resource}" in API group "{right.group}"'
    return f"cannot {right.verb} {what} in the namespace"


def healed(trials: Iterable[Trial]) -> bool:
    """Go on with each life that is not over yet; whether none is left."""
    left = [trial for trial in trials if trial.healed != ENDS.keys()]
    for trial in left:
        trial.life.go_on()
        trial.healed = trial.life.reached
    return not left


def told(dask: Dask) -> str:
    """What the operator says in a namespace: all conditions and all events."""
    plurals = ("daskclusters", "daskworkergroups", "daskjobs")
    objects = [found for plural in plurals for found in dask.api.list(dask.path(plural))]
    conditions = [c for o in objects for c in o.get("status", {}).get("conditions") or ()]
    return "\n".join(
        entry["message"] for entry in (*conditions, *dask.api.list(dask.path("events")))
    )


def test_all_rights_are_enough_and_each_is_used(played: Played) -> None:
    """
    With all rights each end is reached and nothing refused; each right is used, or an owner needs it.
    """
    whole = played.trials[WHOLE]
    assert (set(ENDS), {}) == (whole.reached, whole.refused)

    granted = {*rights.rights_of(rights.rules()), *rights.rights_of(rights.lease_rules())}
    assert {str(right) for right in granted - FOR_OWNERS.keys()} == played.used


def test_each_right_is_taken_away() -> None:
    """
    Nothing is granted that no test takes away; those to list are in test_rights_start.py.
    """
    granted = set(rights.rights_of(rights.rules()))
    lists = {right for right in granted if right.verb == "list"}
    assert granted - lists == {right for right in LOST if right.verb != "list"}


@pytest.mark.parametrize("right", LOST, ids=str)
def test_without_one_right_something_is_lost(played: Played, right: Right) -> None:
    """
    Exactly the request that needs it is refused, and what that was for does not come about.
    """
    trial = played.trials[right]
    assert FOR_OWNERS.get(right, {str(right)}) == trial.refused.keys()
    assert LOST[right] not in trial.reached


@pytest.mark.parametrize("right", QUOTAS, ids=str)
def test_without_quotas_the_rest_goes_on(played: Played, right: Right) -> None:
    """
    Quotas are read for speed alone: who may not read them loses nothing else.
    """
    assert ENDS.keys() == played.trials[right].reached


@pytest.mark.parametrize("right", TOLD_OF, ids=str)
def test_a_missing_right_is_told(played: Played, right: Right) -> None:
    """
    An event or a condition in the namespace has the server's words: who may not do what, and where.
    """
    assert words_of(right) in played.trials[right].told


@pytest.mark.parametrize("right", LOST, ids=str)
def test_what_is_refused_is_asked_seldom(played: Played, right: Right) -> None:
    """
    A missing right is no reason for a hot loop: the pauses grow to a minute.
    """
    assert max(played.trials[right].refused.values()) <= SELDOM


@pytest.mark.parametrize("right", LOST, ids=str)
def test_a_right_that_is_given_heals(played: Played, right: Right) -> None:
    """
    The running operator makes up for what it could not do, without a restart.
    """
    assert ENDS.keys() == played.trials[right].healed
