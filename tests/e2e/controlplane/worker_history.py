"""How many workers lived at each moment."""

import json
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from tests.e2e.cluster.controlplane.api import Json
from tests.e2e.controlplane.dask import Dask
from tests.e2e.faults.client import token_of
from tests.e2e.faults.proxy import FaultProxy
from tests.e2e.faults.watching import watching

_ENDED: Final = frozenset({"Succeeded", "Failed"})
_SILENCE_SECONDS: Final = 300.0


class WorkerHistory:
    """
    The workers of one namespace as long as a ``with`` block lasts, by a watch of our own.

    Args:
        kubeconfig: Says which API server, as whom.
    """

    def __init__(self, dask: Dask, kubeconfig: Path) -> None:
        self._dask = dask
        self._kubeconfig = kubeconfig

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            proxy = stack.enter_context(FaultProxy(self._kubeconfig))  # it does TLS for us
            paths = [self._dask.path(plural) for plural in ("pods", "daskworkergroups")]
            version = self._dask.api.get(paths[0])["metadata"]["resourceVersion"]
            address = (proxy.server, token_of(proxy))
            self._watches = [
                stack.enter_context(watching(*address, path, version, _SILENCE_SECONDS))
                for path in paths
            ]
            self._undo = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def too_many(self) -> list[str]:
        """
        Tell of each worker that was made where there were as many as wanted already.

        The number before the last counts as wanted, too: an operator may not know the last one yet.
        """
        wanted: dict[str, list[int]] = defaultdict(list)
        alive: dict[str, set[str]] = defaultdict(set)
        told = []
        for kind, found in self._events():
            if found["kind"] == "DaskWorkerGroup":
                numbers, replicas = wanted[found["metadata"]["uid"]], found["spec"]["worker"]
                if [replicas["replicas"]] != numbers[-1:]:
                    numbers.append(replicas["replicas"])
            elif group := _group(found):
                _note(alive[group], kind, found)
                most = max(wanted[group][-2:])
                if kind == "ADDED" and len(alive[group]) > most:
                    told.append(f"{found['metadata']['name']}: {len(alive[group])} of {most}")
        return told

    def _events(self) -> list[tuple[str, Json]]:
        """What has happened, in the order of one count of versions: that of etcd."""
        assert ["", ""] == [watch.end for watch in self._watches]
        events = [json.loads(line) for watch in self._watches for line in list(watch.lines)]
        events.sort(key=lambda event: int(event["object"]["metadata"]["resourceVersion"]))
        return [(event["type"], event["object"]) for event in events]


def _note(alive: set[str], kind: str, pod: Json) -> None:
    lives = "deletionTimestamp" not in pod["metadata"] and pod["status"].get("phase") not in _ENDED
    if kind != "DELETED" and lives:
        alive.add(pod["metadata"]["uid"])
    else:
        alive.discard(pod["metadata"]["uid"])


def _group(found: Json) -> str:
    """The uid of the group that a Pod is a worker of; empty if it is none."""
    owners = found["metadata"].get("ownerReferences", ())
    return next((owner["uid"] for owner in owners if owner["kind"] == "DaskWorkerGroup"), "")
