"""``make demo``: the example cluster on the operator, a computation, and what to try next."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.e2e.cluster.errors import ClusterError, CommandError
from tests.e2e.cluster.images import REPOSITORY
from tests.e2e.cluster.kind import Kind
from tests.e2e.cluster.operator import DEPLOYMENT, NAMESPACE
from tests.e2e.cluster.progress import Reporter

EXAMPLE = "examples/cluster.yaml"
CLUSTER = "simple-cluster"
WORKERS = 2
EXPECTED = sum(number**2 for number in range(1000))

COMPUTATION = f"""\
import json
from dask.distributed import Client

client = Client("tcp://{CLUSTER}-service:8786")
client.wait_for_workers({WORKERS}, timeout=60)
squares = client.map(lambda number: number**2, range(1000))
total = client.submit(sum, squares).result(timeout=60)
took_part = sorted({{name for names in client.who_has(squares).values() for name in names}})
names = {{w["name"] for a, w in client.scheduler_info()["workers"].items() if a in took_part}}
print(json.dumps({{"total": total, "workers": sorted(names)}}))
"""

NEXT = """\
Try next, with   export KUBECONFIG={kubeconfig}   and   export PATH={bin}:$PATH

  kubectl get dask                                         what there is
  kubectl scale daskworkergroup {cluster}-default-worker-group --replicas=4
  kubectl port-forward svc/{cluster}-service 8787:8787     then open http://localhost:8787
  kubectl apply -f examples/job.yaml && kubectl get daskjob squares --watch
  kubectl delete -f {example}
  make cluster-down                                        removes it all
"""


def run_demo(cluster: Kind, reporter: Reporter, show: Callable[[str], None]) -> None:
    """
    Bring up the example on a cluster that has the operator, and compute something on it.

    Raises:
        ClusterError: If a step fails or the answer is wrong; says what the cluster looks like.
    """
    try:
        with reporter.step(f"apply {EXAMPLE}"):
            cluster.do("apply", "-f", str(REPOSITORY / EXAMPLE))
        with reporter.step("wait until the Dask cluster is ready"):
            target = f"daskcluster/{CLUSTER}"
            cluster.do("wait", "--for=condition=Ready", target, "--timeout=180s")
        with reporter.step("compute"):
            answer = compute(cluster)
    except CommandError as error:
        show(diagnosis(cluster))
        raise ClusterError(error.message, "\n".join(error.tail())) from error
    show(cluster.do("get", "daskcluster,daskworkergroup,pods"))
    show(f"The sum of the squares of 0 to 999 is {answer.total}, computed by")
    for worker in answer.workers:
        show(f"  {worker}")
    if answer.total != EXPECTED:
        raise ClusterError(f"That is wrong: it should be {EXPECTED}.")
    show("")
    show(
        NEXT.format(
            kubeconfig=cluster.kubeconfig,
            bin=cluster.kubectl.parent,
            cluster=CLUSTER,
            example=EXAMPLE,
        )
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What the computation said: its result, and the workers that took part."""

    total: int
    workers: list[str]


def compute(cluster: Kind) -> Answer:
    """Run the computation in the scheduler's Pod, as any client in the cluster could."""
    argv = ("exec", "--stdin", f"{CLUSTER}-scheduler", "--", "python", "-")
    output = cluster.do(*argv, stdin=COMPUTATION)
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if not lines:
        raise CommandError(("kubectl", *argv), 0, output)
    return Answer(**json.loads(lines[-1]))


def diagnosis(cluster: Kind) -> str:
    """Say what a person would look at first."""
    parts = [
        ("get", "dask,pods", "--output=wide"),
        ("get", "events", "--sort-by=.lastTimestamp"),
        ("--namespace", NAMESPACE, "get", "pods", "--output=wide"),
        ("--namespace", NAMESPACE, "logs", DEPLOYMENT, "--tail=20"),
    ]
    return "\n".join(f"$ kubectl {' '.join(part)}\n{cluster.ask(*part).output}" for part in parts)
