"""Jobs with real Dask, beyond what the seed's document shows."""

from typing import Any

import yaml

from tests.e2e.kind.kubectl import SEED, Kubectl


def seeds_job(kubectl: Kubectl) -> dict[str, Any]:
    """The seed's job.yaml, for the test's namespace."""
    manifest: dict[str, Any] = yaml.safe_load((SEED / "job.yaml").read_text())
    manifest["metadata"]["namespace"] = kubectl.namespace
    return manifest


def test_a_failing_runner_is_restarted(kubectl: Kubectl) -> None:
    """
    Under OnFailure the runner's container starts again until it succeeds, in the same Pod.
    """
    manifest = seeds_job(kubectl)
    spec = manifest["spec"]["job"]["spec"]
    spec["volumes"] = [{"name": "memory", "emptyDir": {}}]
    (container,) = spec["containers"]
    container["volumeMounts"] = [{"name": "memory", "mountPath": "/memory"}]
    container["args"] = ["sh", "-c", "test -e /memory/tried || { touch /memory/tried; exit 3; }"]

    kubectl.do("apply", "--filename=-", stdin=yaml.safe_dump(manifest))
    kubectl.do("wait", "--for=condition=Complete", "daskjob/simple-job", "--timeout=240s")

    runner = kubectl.get("pod", "simple-job-runner")
    assert runner is not None
    assert 1 == runner["status"]["containerStatuses"][0]["restartCount"]


def test_a_program_that_must_not_run_twice(kubectl: Kubectl) -> None:
    """
    With Never the first failure is the job's: it says with which code, and the cluster goes.
    """
    manifest = seeds_job(kubectl)
    spec = manifest["spec"]["job"]["spec"]
    spec["restartPolicy"] = "Never"
    spec["containers"][0]["args"] = ["sh", "-c", "exit 3"]

    kubectl.do("apply", "--filename=-", stdin=yaml.safe_dump(manifest))
    kubectl.do("wait", "--for=condition=Failed", "daskjob/simple-job", "--timeout=240s")
    kubectl.do("wait", "--for=delete", "daskcluster/simple-job-cluster", "--timeout=60s")

    job = kubectl.get("daskjob", "simple-job")
    assert job is not None
    messages = [c["message"] for c in job["status"]["conditions"] if c["type"] == "Failed"]
    expected = "the runner has failed (job ended with exit code 3: Error), and is not restarted"
    assert [expected] == messages
    assert kubectl.get("pod", "simple-job-runner") is not None


def test_a_runner_with_company_is_judged_as_a_pod(kubectl: Kubectl) -> None:
    """
    Init container, sidecar and a second container beside it: the job ends when the Pod does.
    """
    manifest = seeds_job(kubectl)
    spec = manifest["spec"]["job"]["spec"]
    (container,) = spec["containers"]

    def beside(name: str, program: str, **more: str) -> dict[str, Any]:
        return {**container, "name": name, "args": ["sh", "-c", program], **more}

    endless = "trap exit TERM; while true; do sleep 1; done"
    spec["initContainers"] = [
        beside("first", "true"),
        beside("sidecar", endless, restartPolicy="Always"),
    ]
    container["args"] = ["true"]
    spec["containers"] = [container, beside("slower", "sleep 5")]

    kubectl.do("apply", "--filename=-", stdin=yaml.safe_dump(manifest))
    kubectl.do("wait", "--for=condition=Complete", "daskjob/simple-job", "--timeout=240s")

    runner, job = kubectl.get("pod", "simple-job-runner"), kubectl.get("daskjob", "simple-job")
    assert runner is not None
    assert job is not None
    ends = {
        entry["name"]: entry["state"]["terminated"]["finishedAt"]
        for entry in runner["status"]["containerStatuses"]
    }
    assert {"job", "slower"} == ends.keys()
    assert max(ends.values()) == job["status"]["endTime"]
