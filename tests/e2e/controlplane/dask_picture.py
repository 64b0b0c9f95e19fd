"""All Dask objects of a namespace in a few words each, to compare with what is wanted."""

from collections import Counter
from collections.abc import Mapping
from typing import Final, TypeAlias

from tests.e2e.cluster.controlplane.api import Json, has_condition
from tests.e2e.controlplane.dask import Dask

Picture: TypeAlias = Mapping[str, str]
"""What there is to say of each object, by its name."""

_SAID: Final = ("Ready", "Complete", "Failed", "Stalled", "Reconciling", "ReplicaFailure")
"""The conditions that are looked at, if they are true."""


def picture(dask: Dask) -> Picture:
    """Look at all that there is, going or not."""
    owners = {
        o["metadata"]["uid"]: o
        for plural in ("daskclusters", "daskworkergroups", "daskjobs")
        for o in dask.api.list(dask.path(plural))
    }
    found = {f"{o['kind']} {o['metadata']['name']}": _told(o) for o in owners.values()}
    for service in dask.api.list(dask.path("services")):
        name = f"Service {_owner(service, owners)}"
        found[name] = ", ".join([service["spec"]["type"], *_ports(service)])
    pods = Counter((_owner(pod, owners), _state(pod)) for pod in dask.api.list(dask.path("pods")))
    for (owner, state), count in sorted(pods.items()):
        name = f"Pods of {owner}"
        found[name] = ", ".join(filter(None, [found.get(name, ""), f"{count} {state}"]))
    return found


def settle(dask: Dask, wanted: Picture, within_seconds: float) -> None:
    """Wait until all is as *wanted*, and nothing else is there."""
    found: Picture = {}

    def is_as_wanted() -> bool:
        nonlocal found
        found = picture(dask)
        return found == wanted

    try:
        dask.wait_for(is_as_wanted, "all as wanted", within_seconds)
    except TimeoutError:
        differences = {
            name: {"wanted": wanted.get(name), "found": found.get(name)}
            for name in wanted.keys() | found.keys()
            if wanted.get(name) != found.get(name)
        }
        raise AssertionError(differences) from None


def a_cluster(
    name: str,
    workers: int,
    *,
    failures: int = 0,
    lost: int = 0,
    service: str = "NodePort, 8786, 8787",
) -> Picture:
    """A cluster that is up; *failures* of workers, and *lost* schedulers."""
    up = f"Running {workers}/{workers}, {lost} restarts, {lost} failures, Ready"
    return {
        f"DaskCluster {name}": up,
        f"Service {name}": service,
        f"Pods of {name}": "1 scheduler Ready",
        **a_group(f"{name}-default-worker-group", workers, failures=failures),
    }


def a_group(name: str, workers: int, *, failures: int = 0) -> Picture:
    """A worker group that is up."""
    up = f"{workers}/{workers} of {workers}, {failures} failures, Ready"
    pods = {f"Pods of {name}": f"{workers} worker Ready"} if workers else {}
    return {f"DaskWorkerGroup {name}": up, **pods}


def a_job(name: str, workers: int) -> Picture:
    """A job whose runner runs."""
    return {
        f"DaskJob {name}": "Running, 0 failures",
        f"Pods of {name}": "1 job-runner Ready",
        **a_cluster(f"{name}-cluster", workers, service="ClusterIP, 8786, 8787"),
    }


def an_ended_job(name: str) -> Picture:
    """A job whose runner has succeeded."""
    return {
        f"DaskJob {name}": "Successful, 0 failures, Complete",
        f"Pods of {name}": "1 job-runner Succeeded",
    }


def _told(o: Json) -> str:
    """The status of an object of ours; that it is of an older spec is said, too."""
    status = o.get("status", {})
    known = status.get("observedGeneration") == o["metadata"]["generation"]
    words = {
        "DaskCluster": "{phase} {readyWorkers}, {schedulerRestarts} restarts",
        "DaskWorkerGroup": "{readyReplicas}/{replicas} of {desiredReplicas}",
        "DaskJob": "{jobStatus}",
    }[o["kind"]]
    if not status:
        return "no status"
    parts = [words.format(**status), f"{status.get('failures')} failures"]
    parts += [condition for condition in _SAID if has_condition(o, condition)]
    return ", ".join([*parts, *([] if known else ["outdated"])])


def _owner(o: Json, owners: Mapping[str, Json]) -> str:
    """The name of who controls an object, by uid: what belongs to nobody must not be there."""
    for reference in o["metadata"].get("ownerReferences", ()):
        if reference.get("controller") and reference["uid"] in owners:
            return str(owners[reference["uid"]]["metadata"]["name"])
    return f"nobody: {o['metadata']['name']}"


def _state(pod: Json) -> str:
    component = pod["metadata"].get("labels", {}).get("dask.org/component")
    phase = pod["status"].get("phase")
    if "deletionTimestamp" in pod["metadata"]:
        return f"{component} going"
    return f"{component} {'Ready' if has_condition(pod, 'Ready') and phase == 'Running' else phase}"


def _ports(service: Json) -> list[str]:
    return [str(port["port"]) for port in service["spec"]["ports"]]
