"""What a user does with kubectl, in one namespace."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.cluster.controlplane.api import has_condition
from tests.e2e.cluster.controlplane.waiting import wait_until
from tests.e2e.cluster.kind import Kind
from tests.e2e.cluster.process import Completed

SEED = Path(__file__).parents[1] / "seed"
"""The user's manifests, exactly as they stand in the seed's document."""

LOOK_EVERY_SECONDS = 0.5
"""Each look starts a kubectl, which costs 0.1 s of CPU."""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl in *namespace*."""

    cluster: Kind
    namespace: str

    def ask(self, *arguments: str) -> Completed:
        """Run kubectl, whatever comes of it."""
        return self.cluster.ask("--namespace", self.namespace, *arguments)

    def do(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl; an error fails the test."""
        return self.cluster.do("--namespace", self.namespace, *arguments, stdin=stdin)

    def apply(self, name: str) -> None:
        """Apply one of the seed's manifests as it is."""
        self.do("apply", "--filename", str(SEED / name))

    def delete(self, name: str) -> None:
        """Delete what one of the seed's manifests names."""
        self.do("delete", "--filename", str(SEED / name))

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """One object, or None."""
        text = self.do("get", kind, name, "--ignore-not-found", "--output=json")
        return json.loads(text) if text.strip() else None

    def list(self, kind: str, selector: str = "") -> list[dict[str, Any]]:
        """All objects of a kind that *selector* matches."""
        items = json.loads(self.do("get", kind, f"--selector={selector}", "--output=json"))["items"]
        return [dict(item) for item in items]

    def workers(self, group: str) -> dict[str, bool]:
        """The names of a group's worker Pods that are not going, each with whether it is ready."""
        pods = self.list("pods", f"dask.org/workergroup-name={group}")
        return {
            pod["metadata"]["name"]: has_condition(pod, "Ready")
            for pod in pods
            if "deletionTimestamp" not in pod["metadata"]
        }

    def wait_for_workers(self, group: str, count: int) -> set[str]:
        """Wait until a group has exactly *count* workers and all are ready; return their names."""

        def settled() -> bool:
            workers = self.workers(group)
            return len(workers) == count and all(workers.values())

        self.wait_until(settled, f"{count} ready workers of {group}", 120)
        return set(self.workers(group))

    def wait_ready(self, target: str, seconds: int = 180) -> None:
        """Wait until an object's condition Ready is true, as a user would."""
        self.do("wait", "--for=condition=Ready", target, f"--timeout={seconds}s")

    @contextmanager
    def port_forward(self, target: str, port: int) -> Iterator[int]:
        """Forward a free port of this machine to *port* of *target*, and give its number."""
        argv = [str(self.cluster.kubectl), f"--kubeconfig={self.cluster.kubeconfig}"]
        argv += [f"--namespace={self.namespace}", "port-forward", target, f":{port}"]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                said = process.stdout.readline()  # Forwarding from 127.0.0.1:40123 -> 8786
                yield int(said.split(" -> ")[0].rpartition(":")[2])
            finally:
                process.terminate()

    def python(self, pod: str, program: str) -> str:
        """Run a program in a Pod, and return what it printed."""
        return self.do("exec", "--stdin", pod, "--", "python", "-", stdin=program)

    def wait_until(self, condition: Callable[[], object], what: str, seconds: float = 60) -> None:
        """Wait until *condition* gives something true."""
        wait_until(condition, what, within_seconds=seconds, every=LOOK_EVERY_SECONDS)
