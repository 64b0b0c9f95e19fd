"""The seed's three manifests, and what kubectl says of them when all is up."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.controlplane.dask import GROUP
from tests.e2e.controlplane.kubectl import Kubectl, seed, table
from tests.e2e.controlplane.namespaces import own_namespace

NAME = "simple-cluster"
HIGHMEM = "simple-cluster-highmem-worker-group"
JOB = "simple-job"
JOB_CLUSTER = f"{JOB}-cluster"
JOB_GROUP = f"{JOB_CLUSTER}-default-worker-group"
CLUSTER_FILE = seed("cluster.yaml")
EVERYTHING = seed("cluster.yaml", "highmemworkers.yaml", "job.yaml")

OURS = [
    f"daskcluster.kubernetes.dask.org/{NAME}",
    f"daskcluster.kubernetes.dask.org/{JOB_CLUSTER}",
    f"daskjob.kubernetes.dask.org/{JOB}",
    f"daskworkergroup.kubernetes.dask.org/{GROUP}",
    f"daskworkergroup.kubernetes.dask.org/{HIGHMEM}",
    f"daskworkergroup.kubernetes.dask.org/{JOB_GROUP}",
]
"""What the seed's three manifests become."""

AGE = r"\d+m?s|\d+m\d*s?"

pytestmark = pytest.mark.usefixtures("operator")


@pytest.fixture
def kubectl(control_plane: ControlPlane, namespace: str) -> Kubectl:
    """Kubectl in an empty namespace."""
    return Kubectl(control_plane, namespace)


@pytest.fixture(scope="module")
def everything(control_plane: ControlPlane) -> Iterator[Kubectl]:
    """
    All of the seed's manifests applied and up, for tests that leave them as they are.

    A group was scaled, and scaled back.
    """
    with own_namespace(control_plane.api) as name:
        kubectl = Kubectl(control_plane, name)
        kubectl.do("apply", "--filename=-", stdin=EVERYTHING)
        settle(kubectl)
        for replicas in ("3", "2"):
            kubectl.do("scale", f"dwg/{HIGHMEM}", f"--replicas={replicas}")
            kubectl.wait("condition=Ready", f"dwg/{HIGHMEM}")
        yield kubectl


def settle(kubectl: Kubectl) -> None:
    """Wait until all that the seed's manifests become is up."""
    kubectl.wait("jsonpath={.status.jobStatus}=Running", f"daskjob/{JOB}")
    kubectl.wait("condition=Ready", f"dsk/{NAME}", f"dsk/{JOB_CLUSTER}", f"dwg/{HIGHMEM}")


def test_a_job_cannot_be_scaled(everything: Kubectl) -> None:
    """
    A kubectl scale of a job is an error, and is not silently ignored.
    """
    assert 1 == everything.ask("scale", "daskjob", JOB, "--replicas=4").returncode


@pytest.mark.parametrize(
    ("target", "condition", "event"),
    [
        (f"dsk/{NAME}", "Ready +True +Ready", "SchedulerReady .* The scheduler accepts"),
        (f"dwg/{HIGHMEM}", "Ready +True +Ready", "ScaledUp .* Scaled the workers up from 2 to 3"),
        (f"djb/{JOB}", "RunnerRunning +False +Reconciling", "JobStarted .* The runner has started"),
    ],
    ids=["cluster", "group", "job"],
)
def test_describe(everything: Kubectl, target: str, condition: str, event: str) -> None:
    """
    What kubectl describe shows are conditions, and the operator's events.
    """
    reason, status, type_ = condition.split(" +")
    said = rf"Reason: +{reason}\n +Status: +{status}\n +Type: +{type_}\n"

    def described() -> bool:
        text = everything.do("describe", target)
        _, _, events = text.partition("\nEvents:\n")
        return bool(re.search(said, text) and re.search(rf"Normal +{event}", events))

    everything.dask.wait_for(described, "condition and event", 10)


@pytest.mark.parametrize("what", ["dask", "dsk,dwg,djb", "daskclusters,daskworkergroups,daskjobs"])
def test_lists(everything: Kubectl, what: str) -> None:
    """
    The category and the short names list the objects of all three kinds.
    """
    assert OURS == everything.names(what)


def test_all_is_all(everything: Kubectl) -> None:
    """
    A kubectl get all lists ours beside the Pods and Services that they are made of.
    """
    expected = {"daskcluster": 2, "daskjob": 1, "daskworkergroup": 3, "pod": 9, "service": 2}

    def kinds() -> Counter[str]:
        return Counter(re.split(r"[./]", name)[0] for name in everything.names("all"))

    everything.dask.wait_for(lambda: kinds() == expected, f"{expected}", 10)


COLUMNS = {
    "dsk": {"NAME": NAME, "READY": "True", "WORKERS": "2/2", "STATUS": "Ready", "AGE": AGE},
    "dwg": {
        "NAME": GROUP,
        "CLUSTER": NAME,
        "DESIRED": "2",
        "CURRENT": "2",
        "READY": "2",
        "STATUS": "Ready",
        "AGE": AGE,
    },
    "djb": {
        "NAME": JOB,
        "STATUS": "Running",
        "CLUSTER": JOB_CLUSTER,
        "STARTED": AGE,
        "FINISHED": "",
        "AGE": AGE,
    },
}
"""What each short name lists first, when all is up: patterns."""


@pytest.mark.parametrize("kind", COLUMNS)
def test_columns(everything: Kubectl, kind: str) -> None:
    """
    A kubectl get has these columns, in this order, with these values.
    """
    expected = COLUMNS[kind]

    first = table(everything.do("get", kind))[0]

    assert list(expected) == list(first)
    assert [] == [name for name, value in first.items() if not re.fullmatch(expected[name], value)]


def test_wide_columns(everything: Kubectl) -> None:
    """
    With -o wide clusters have their address, and groups the number of workers of today's template.
    """
    cluster = table(everything.do("get", "dsk", NAME, "--output=wide"))[0]
    group = table(everything.do("get", "dwg", GROUP, "--output=wide"))[0]

    address = f"tcp://{NAME}-service.{everything.namespace}.svc:8786"
    assert ["NAME", "READY", "WORKERS", "STATUS", "SCHEDULER", "AGE"] == list(cluster)
    assert address == cluster["SCHEDULER"]
    assert ["DESIRED", "CURRENT", "READY", "UPDATED", "STATUS", "AGE"] == list(group)[2:]
    assert "2" == group["UPDATED"]


def test_the_same_manifests_again(everything: Kubectl) -> None:
    """
    A kubectl apply of what is there says unchanged, and kubectl diff nothing until there is a change.
    """
    before = everything.generations()
    applied = [OURS[0], OURS[4], OURS[2]]

    said = everything.do("apply", "--filename=-", stdin=EVERYTHING)
    same = everything.ask("diff", "--filename=-", stdin=EVERYTHING)
    other = everything.ask(
        "diff", "--filename=-", stdin=CLUSTER_FILE.replace("replicas: 2", "replicas: 7")
    )

    assert [f"{name} unchanged" for name in applied] == said.splitlines()
    assert (0, "") == (same.returncode, same.stdout)
    assert 1 == other.returncode
    assert ["-    replicas: 2", "+    replicas: 7"] == re.findall("[-+] +replicas.*", other.stdout)
    assert before == everything.generations()


def test_server_side_apply(kubectl: Kubectl) -> None:
    """
    The seed's manifests can be applied on the server's side, again and again, and deleted.
    """
    apply = ("apply", "--server-side", "--filename=-")
    kubectl.do(*apply, stdin=EVERYTHING)
    settle(kubectl)
    before = kubectl.generations()

    kubectl.do(*apply, stdin=EVERYTHING)
    diff = kubectl.ask("diff", "--server-side", "--filename=-", stdin=EVERYTHING)

    assert dict.fromkeys((n.partition("/")[2] for n in OURS), 1) == before
    assert before == kubectl.generations()
    assert (0, "") == (diff.returncode, diff.stdout)
    # Before kubectl comes to it, the group may be gone with its cluster.
    kubectl.do("delete", "--ignore-not-found", "--filename=-", stdin=EVERYTHING)
    kubectl.dask.wait_for(lambda: not kubectl.dask.left(), "nothing left")
