"""What the sheet says of tests."""

import pytest

from benchmarks.score.row import Offender
from benchmarks.score.testing import (
    examples,
    mock_calls,
    ratio,
    sentences,
    sleeps,
    verified_fake,
)
from tests.unit.score.conftest import MakeTree

MOCKS = """\
from unittest import mock
from unittest.mock import Mock as Double
import unittest.mock

@mock.patch("x")
def test_a(mocker, api):
    Double()
    unittest.mock.MagicMock()
    mocker.patch("y")
    api.merge_patch("z")
"""

SLEEPS = """\
import time
from asyncio import sleep as pause

def test_a(clock):
    time.sleep(1)
    pause(1)
    clock.sleep(1)
    sleepy()
"""


def test_lines_of_tools_tests_count_apart(make_tree: MakeTree) -> None:
    """
    What imports the cluster tool does not test the source.
    """
    files = {
        "src/daskop/a.py": "\n" * 10,
        "tests/unit/test_a.py": "import daskop.a\n" + "\n" * 8,
        "tests/unit/test_tool.py": "import tests.e2e.cluster.tool\n" + "\n" * 9,
        "tests/contracts/kube.py": "\n" * 3,
        "tests/e2e/test_b.py": "\n" * 50,
    }

    row = ratio(make_tree(files))

    assert ("1.20 (with the tools' tests 2.20)", True) == (row.value, row.ok)


def test_a_source_without_tests_is_named(make_tree: MakeTree) -> None:
    """
    The longest file that no unit test imports comes first.
    """
    files = {
        "src/daskop/a.py": "\n",
        "src/daskop/b.py": "\n" * 3,
        "src/daskop/c.py": "\n" * 5,
        "tests/unit/test_a.py": "from daskop.a import f\n",
    }

    row = ratio(make_tree(files))

    assert not row.ok
    assert ["src/daskop/c.py", "src/daskop/b.py"] == [offender.place for offender in row.offenders]


def test_mocks_are_found_under_any_name(make_tree: MakeTree) -> None:
    """
    A method that happens to be called patch is none.
    """
    row = mock_calls(make_tree({"tests/unit/test_a.py": MOCKS}))

    assert ("400", False) == (row.value, row.ok)
    assert {5, 7, 8, 9} == {int(o.place.rpartition(":")[2]) for o in row.offenders}


def test_sleeps_are_found_under_any_name(make_tree: MakeTree) -> None:
    """
    Only unit tests are asked.
    """
    files = {"tests/unit/test_a.py": SLEEPS, "tests/e2e/test_a.py": SLEEPS}

    row = sleeps(make_tree(files))

    assert ("3", False) == (row.value, row.ok)
    assert Offender("tests/unit/test_a.py:6", "asyncio.sleep") in row.offenders


@pytest.mark.parametrize("folder", ["tests/unit", "tests/e2e"])
def test_the_contract_is_kept_on_both_sides(make_tree: MakeTree, folder: str) -> None:
    """
    One subclass is not enough: the missing side is named.
    """
    other = ({"tests/unit", "tests/e2e"} - {folder}).pop()
    tree = make_tree({f"{folder}/test_kube.py": "class TestKube(KubeContract): ...\n"})

    assert [Offender(other, "no subclass of KubeContract")] == verified_fake(tree)


def test_a_silent_test_is_named(make_tree: MakeTree) -> None:
    """
    A docstring is asked of tests, also of those in classes, and not of their helpers.
    """
    text = (
        'class TestX:\n    def test_a(self):\n        """A."""\n    async def test_b(self): ...\n'
    )

    row = sentences(make_tree({"tests/e2e/test_x.py": text + "def helper(): ...\n"}))

    assert ("50 % of 2", False) == (row.value, row.ok)
    assert [Offender("tests/e2e/test_x.py:4", "test_b")] == row.offenders


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        pytest.param('FILE = "examples/job.yaml"', True, id="named"),
        pytest.param('FILE = ROOT / "examples" / "job.yaml"', True, id="joined"),
        pytest.param('FILE = EXAMPLES / "job.yaml"', True, id="joined to a name"),
        pytest.param('NAME = "job"\nFILE = EXAMPLES / f"{NAME}.yaml"', True, id="parameter"),
        pytest.param('FILES = (ROOT / "examples").glob("*.yaml")', True, id="glob"),
        pytest.param("FILES = EXAMPLES.iterdir()", True, id="all"),
        pytest.param('FILE = SEED / "job.yaml"', False, id="another folder"),
        pytest.param('FILE = EXAMPLES / "other.yaml"', False, id="another file"),
        pytest.param('FILES = EXAMPLES.glob("c*.yaml")', False, id="another pattern"),
        pytest.param('"""Run examples/job.yaml by hand."""', False, id="prose"),
    ],
)
def test_an_example_is_run_if_a_test_reaches_it(make_tree: MakeTree, text: str, ok: bool) -> None:
    """
    By its name or by a pattern, below the folder of examples.
    """
    row = examples(make_tree({"examples/job.yaml": "a: 1\n", "tests/e2e/test_a.py": text + "\n"}))

    missing = Offender("examples/job.yaml", "no test in tests/e2e uses it")
    assert (ok, [] if ok else [missing]) == (row.ok, row.offenders)


@pytest.mark.parametrize(("seed", "ok"), [("a: 1\n", True), ("a: 2\n", False)])
def test_an_example_is_run_as_its_copy(make_tree: MakeTree, seed: str, ok: bool) -> None:
    """
    A test that applies the seed's manifest runs the example that says the same.
    """
    files = {
        "examples/group.yaml": "a: 1\n",
        "tests/e2e/seed/highmem.yaml": seed,
        "tests/e2e/kind/test_a.py": 'apply("highmem.yaml")\n',
    }

    assert ok == examples(make_tree(files)).ok


def test_no_examples_are_not_all_examples(make_tree: MakeTree) -> None:
    """
    An empty folder does not meet the target.
    """
    assert not examples(make_tree({})).ok
