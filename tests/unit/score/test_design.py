"""What the sheet says of the design."""

import pytest

from benchmarks.score import design
from benchmarks.score.row import Offender
from tests.unit.score.conftest import MakeTree

LAYERS = '[[tool.importlinter.contracts]]\nname = "Layers"\ntype = "layers"\n'
PURE = """\
[[tool.importlinter.contracts]]
name = "Pure"
type = "forbidden"
source_modules = ["daskop.plan"]
forbidden_modules = [
  "kubernetes", "logging", "os", "random", "socket", "subprocess", "threading", "time",
]
"""
PLAN = {"src/daskop/plan/cluster.py": ""}

ERRORS = '''\
"""
All errors.

::

    RootError
    ├── ApiError            said by a server, not a GoneError
    │   └── GoneError
    └── OtherError
"""

class RootError(Exception): ...
class ApiError(RootError): ...
class GoneError(ApiError): ...
class OtherError(RootError): ...
'''

STATUS_CLASS = """\
class StatusWriter:
    def write(self, body):
        self._writer.merge_patch(body, "status")
"""
EXECUTOR = """\
class Executor:
    def __init__(self, status: StatusWriter, file: object) -> None:
        self._status = status
        self._file = file

    def execute(self, body):
        self._file.write(body)
        self._status.write(body)
"""
WRITERS = {
    "src/daskop/runtime/status.py": STATUS_CLASS,
    "src/daskop/runtime/executor.py": EXECUTOR,
}


@pytest.mark.parametrize(
    ("project", "ok"),
    [
        pytest.param(LAYERS + 3 * PURE, True, id="four"),
        pytest.param(LAYERS + 2 * PURE, False, id="three"),
        pytest.param(4 * PURE, False, id="none of layers"),
    ],
)
def test_contracts_are_counted(make_tree: MakeTree, project: str, ok: bool) -> None:
    """
    Four are asked for, layers among them.
    """
    assert ok == design.layers(make_tree({"pyproject.toml": project})).ok


def test_a_plan_is_pure_if_a_contract_says_so(make_tree: MakeTree) -> None:
    """
    The package is there, and the contract forbids what a plan must not do.
    """
    assert design.pure_decision(make_tree({"pyproject.toml": PURE, **PLAN})).ok


def test_what_a_plan_may_import_is_named(make_tree: MakeTree) -> None:
    """
    A contract with a hole is none.
    """
    row = design.pure_decision(make_tree({"pyproject.toml": PURE.replace('"time",', ""), **PLAN}))

    assert [Offender("pyproject.toml", "daskop.plan may import time")] == row.offenders
    assert not row.ok


def test_a_plan_that_is_not_there_is_not_pure(make_tree: MakeTree) -> None:
    """
    A contract about nothing does not meet the target.
    """
    assert not design.pure_decision(make_tree({"pyproject.toml": PURE})).ok


def test_the_seam_is_where_the_client_is_imported(make_tree: MakeTree) -> None:
    """
    An import of the client elsewhere is a second seam, also within a function.
    """
    tree = make_tree(
        {
            "src/daskop/kube/client.py": "import kubernetes\n",
            "src/daskop/plan/a.py": "def f():\n    from kubernetes.client import V1Pod\n",
            "tests/unit/test_kube.py": "class TestFake(KubeContract): ...\n",
            "tests/e2e/test_kube.py": "class TestServer(kube.KubeContract): ...\n",
        }
    )

    row = design.seam(tree)

    assert ("1 beside it, verified", False) == (row.value, row.ok)
    assert [Offender("src/daskop/plan/a.py:2", "import kubernetes.client.V1Pod")] == row.offenders


def test_the_status_has_one_writer(make_tree: MakeTree) -> None:
    """
    One call of a status writer in the runtime; a file's write is another thing.
    """
    row = design.status(make_tree(WRITERS))

    assert (True, []) == (row.ok, row.offenders)


@pytest.mark.parametrize(
    ("path", "text", "fault"),
    [
        pytest.param(
            "src/daskop/cli.py", "StatusWriter(w).write({})\n", "outside the runtime", id="outside"
        ),
        pytest.param(
            "src/daskop/runtime/x.py",
            "status = StatusWriter(w)\nfor _ in range(2):\n    status.write({})\n",
            "in a loop",
            id="loop",
        ),
        pytest.param(
            "src/daskop/runtime/x.py", "def f(s: StatusWriter): s.write({})\n", "one of 2", id="two"
        ),
        pytest.param(
            "src/daskop/runtime/x.py",
            'client.merge_patch({}, subresource="status")\n',
            "one of 2",
            id="past the writer",
        ),
    ],
)
def test_a_second_write_of_the_status_is_named(
    make_tree: MakeTree, path: str, text: str, fault: str
) -> None:
    """
    With its place, and what is wrong with it.
    """
    row = design.status(make_tree({**WRITERS, path: text}))

    assert not row.ok
    assert fault in {o.value for o in row.offenders if o.place.startswith(path)}


def test_a_status_that_nobody_writes_is_missed(make_tree: MakeTree) -> None:
    """
    No call does not meet the target either.
    """
    row = design.status(make_tree({}))

    assert ["not there", "not there"] == [offender.value for offender in row.offenders]


def test_a_tree_that_is_drawn_as_it_is_is_right(make_tree: MakeTree) -> None:
    """
    Names in the explanations are no part of the drawing.
    """
    row = design.errors(make_tree({"src/daskop/errors.py": ERRORS}))

    assert ("drawn", True, []) == (row.value, row.ok, row.offenders)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("    └── OtherError\n", "", "is not drawn"),
        ("class GoneError(ApiError)", "class GoneError(RootError)", "drawn below ApiError"),
        ("class OtherError(RootError): ...\n", "", "drawn, but no class"),
    ],
)
def test_a_wrong_drawing_is_named(make_tree: MakeTree, old: str, new: str, fault: str) -> None:
    """
    What is missing, what hangs elsewhere, and what does not exist.
    """
    row = design.errors(make_tree({"src/daskop/errors.py": ERRORS.replace(old, new)}))

    assert not row.ok
    assert [True] == [offender.value.startswith(fault) for offender in row.offenders]


@pytest.mark.parametrize("base", ["ApiError", "ValueError"])
def test_an_error_elsewhere_is_named(make_tree: MakeTree, base: str) -> None:
    """
    The tree is in one place.
    """
    stranger = f"class StrayError({base}): ...\n"
    files = {"src/daskop/errors.py": ERRORS, "src/daskop/a.py": stranger}

    row = design.errors(make_tree(files))

    assert [Offender("src/daskop/a.py:1", "StrayError", "is not in errors.py")] == row.offenders


def test_documents_are_there(make_tree: MakeTree) -> None:
    """
    Decisions, the page, and on it the file to begin with.
    """
    files = {
        "docs/architecture.md": "Begin with `plan/worker_group.py`.\n",
        "docs/decisions/0001-x.md": "x\n",
        "src/daskop/plan/worker_group.py": "",
    }

    rows = design.document_rows(make_tree(files))

    assert [True, True, True] == [row.ok for row in rows]


def test_no_document_is_no_ok(make_tree: MakeTree) -> None:
    """
    An empty checkout fails all of these rows.
    """
    assert [False] * 3 == [row.ok for row in design.document_rows(make_tree({}))]
