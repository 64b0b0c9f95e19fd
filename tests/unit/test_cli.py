"""The command line as a user meets it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from daskop.cli import main
from tests.unit.fakes.http_api import Answer, HttpApi, Request

RESOURCES = 5
"""That the operator watches."""

CRDS = Path(__file__).parents[2] / "crds"


@pytest.fixture(autouse=True)
def _outside_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "DASKOP_KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)


def daskop(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_without_a_cluster_there_is_one_sentence_and_a_hint() -> None:
    """
    Outside a cluster `daskop run` says what is wrong and what to do, and ends with 1.
    """
    result = daskop("run", "--log-format=json")

    sentence, hint = result.stderr.splitlines()
    assert 1 == result.exit_code
    assert sentence.startswith("daskop: no usable cluster configuration")
    assert "daskop run --kubeconfig FILE" in hint
    assert "" == result.stdout


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    """
    With a kubeconfig the hint would be wrong, and is left out.
    """
    with HttpApi(lambda _: Answer()) as api:
        kubeconfig = api.kubeconfig(tmp_path)
        taken = kubeconfig.read_text().partition("http://")[2].split()[0]
        result = daskop("run", f"--kubeconfig={kubeconfig}", f"--health-address={taken}")

    (sentence,) = result.stderr.splitlines()
    assert 1 == result.exit_code
    assert sentence.startswith("daskop: ")


def test_what_crds_prints_is_what_the_files_say() -> None:
    """
    The three documents are the files in crds/, byte for byte.
    """
    files = [CRDS / f"{plural}.yaml" for plural in ("daskclusters", "daskworkergroups", "daskjobs")]

    assert "---\n".join(file.read_text() for file in files) == daskop("crds").output


def test_crds_can_be_written_to_a_folder(tmp_path: Path) -> None:
    """
    With a directory there is a file for each kind, as in crds/, and nothing is printed.
    """
    result = daskop("crds", f"--directory={tmp_path / 'new'}")

    written = {file.name: file.read_text() for file in (tmp_path / "new").iterdir()}
    assert {file.name: file.read_text() for file in CRDS.iterdir()} == written
    assert (0, "") == (result.exit_code, result.output)


def test_replicas_need_a_place_to_agree(tmp_path: Path) -> None:
    """
    Outside a cluster the Lease's namespace has to be named.
    """
    with HttpApi(lambda _: Answer()) as api:
        kubeconfig = api.kubeconfig(tmp_path)
        result = daskop("run", f"--kubeconfig={kubeconfig}", "--leader-election")

    (sentence,) = result.stderr.splitlines()
    assert 1 == result.exit_code
    assert "--lease-namespace" in sentence


@pytest.mark.parametrize(
    "option", ["--workers=0", "--qps=-1", "--burst=0", "--parallel-requests=x"]
)
def test_numbers_that_make_no_sense_are_refused(option: str) -> None:
    """
    The message names the option and what is allowed.
    """
    result = daskop("run", option)

    assert 2 == result.exit_code
    assert option.partition("=")[0] in result.stderr


def test_namespaces_are_read_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    DASKOP_NAMESPACES names them with spaces in between: each is listed by itself.
    """
    monkeypatch.setenv("DASKOP_NAMESPACES", "team-a team-b team-a")
    asked: set[str] = set()

    def answer(request: Request) -> Answer:
        asked.add(request.path.partition("?")[0])
        if len(asked) == 2 * RESOURCES:
            os.kill(os.getpid(), signal.SIGTERM)
        return Answer(403)

    with HttpApi(answer) as api:
        options = ("--health-address=127.0.0.1:0", "--metrics-address=127.0.0.1:0")
        result = daskop("run", f"--kubeconfig={api.kubeconfig(tmp_path)}", *options)

    assert 0 == result.exit_code
    pods = {path for path in asked if path.endswith("/pods")}
    assert {f"/api/v1/namespaces/{team}/pods" for team in ("team-a", "team-b")} == pods


def test_a_program_that_has_just_begun_ends_when_told(tmp_path: Path) -> None:
    """
    As process 1 of a container it would not hear SIGTERM until it has a handler: that comes first.
    """
    program = "import os, signal, daskop.__main__; os.kill(os.getpid(), signal.SIGTERM)"
    ended = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=False, timeout=8)

    assert 0 == ended.returncode
