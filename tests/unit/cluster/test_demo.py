"""What runs in the cluster: the operator, and the demo on it."""

import json

import pytest

from tests.e2e.cluster import demo, operator
from tests.e2e.cluster.errors import ClusterError
from tests.e2e.cluster.kind import Kind
from tests.e2e.cluster.process import Completed
from tests.e2e.cluster.progress import PlainReporter
from tests.unit.cluster.fake_runner import FakeRunner


def test_the_operator_is_installed_in_order(runner: FakeRunner, cluster: Kind) -> None:
    """
    CRDs are established before the operator starts, and a new image starts a new Pod.
    """
    runner.answer("image inspect", Completed(0, "sha256:1\n"))
    template = "spec: {template: {metadata: {}}}"
    runner.answer(
        "kustomize", Completed(0, f"kind: Namespace\n---\nkind: Deployment\n{template}\n")
    )

    operator.deploy(cluster)

    steps = ["apply -f", "wait --for=condition=Established", "apply -f -", "rollout status"]
    found = [next(i for i, line in enumerate(runner.ran) if step in line) for step in steps]
    applied = next(command.stdin for command in runner.commands if command.argv[-1] == "-")
    assert sorted(found) == found
    assert "sha256:1" in (applied or "")


def test_the_operator_is_removed_with_its_crds(runner: FakeRunner, cluster: Kind) -> None:
    """
    The CRDs go first, while the operator still removes finalizers, and nothing need be there.
    """
    operator.undeploy(cluster)

    crds, manifests = runner.ran
    assert crds.endswith(f"-f {operator.CRDS}")
    assert manifests.endswith(f"-k {operator.MANIFESTS}")
    assert "--ignore-not-found" in crds
    assert "--ignore-not-found" in manifests


def answering(runner: FakeRunner, total: int) -> None:
    answer = json.dumps({"total": total, "workers": ["w1", "w2"]})
    runner.answer("exec --stdin", Completed(0, f"a warning\n{answer}\n"))


def test_the_demo_shows_answer_and_workers(runner: FakeRunner, cluster: Kind) -> None:
    """
    The right answer is shown with who computed it, and with commands to try.
    """
    shown: list[str] = []
    answering(runner, demo.EXPECTED)

    demo.run_demo(cluster, PlainReporter(lambda _: None), shown.append)

    text = "\n".join(shown)
    assert "332833500" in text
    assert "w1" in text
    assert f"export KUBECONFIG={cluster.kubeconfig}" in text


def test_a_wrong_answer_fails_the_demo(runner: FakeRunner, cluster: Kind) -> None:
    """
    An answer that is not right is an error.
    """
    answering(runner, 1)

    with pytest.raises(ClusterError, match="should be 332833500"):
        demo.run_demo(cluster, PlainReporter(lambda _: None), lambda _: None)


def test_a_demo_that_fails_shows_what_to_look_at(runner: FakeRunner, cluster: Kind) -> None:
    """
    When the cluster does not become ready its objects and the operator's log are shown.
    """
    shown: list[str] = []
    runner.answer("wait --for=condition=Ready", Completed(1, "timed out"))
    runner.answer("logs", Completed(0, "the operator's last words"))

    with pytest.raises(ClusterError) as failure:
        demo.run_demo(cluster, PlainReporter(lambda _: None), shown.append)

    assert "timed out" in failure.value.hint
    assert "the operator's last words" in shown[0]


def test_a_computation_without_an_answer_fails_the_demo(runner: FakeRunner, cluster: Kind) -> None:
    """
    Output without a result is shown, and is an error.
    """
    runner.answer("exec --stdin", Completed(0, "Traceback\nTimeoutError: no workers\n"))

    with pytest.raises(ClusterError) as failure:
        demo.run_demo(cluster, PlainReporter(lambda _: None), lambda _: None)

    assert "TimeoutError: no workers" in failure.value.hint
