"""The shape of a source, measured on texts whose figures one can count by hand."""

import pytest

from benchmarks.score.code import broad_excepts, complexity, file_rows, function_rows, rows, typed
from benchmarks.score.functions import lengths, quantile
from benchmarks.score.lines import Lines, count
from benchmarks.score.row import Offender
from tests.unit.score.conftest import MakeTree

SMALL = '''\
"""A module."""

# A comment of its own.
def f(x: int) -> int:
    """
    Two sentences.

    This is the second.
    """
    return x  # not of its own

LIMIT = 1  # noqa: X1 - for a tool
"""What it is."""
'''

BRANCHES = """\
def straight() -> None:
    pass

def branched(x: int) -> int:
    if x > 1 and x < 3:
        return 1
    elif x > 5:
        return 2
    for _ in range(x):
        try:
            x += 1
        except ValueError:
            pass
    return x
"""

MYPY_STRICT = "[tool.mypy]\nstrict = true\n"


def long_function(lines: int) -> str:
    """A function of so many lines, its docstring not counted."""
    return 'def long() -> None:\n    """Do."""\n' + "    print()\n" * (lines - 1)


def test_lines_are_counted_by_what_they_are(make_tree: MakeTree) -> None:
    """
    A comment behind code is one, as is the text below a constant; a word to a tool is none.
    """
    (module,) = make_tree({"src/daskop/a.py": SMALL}).source

    # The blank line in the docstring is taken off twice, as in the appendix.
    assert Lines(total=13, comments=3, docstrings=6, code=2) == count(module)


def test_a_function_is_as_long_as_without_its_docstring(make_tree: MakeTree) -> None:
    """
    The line of ``def`` counts, decorators and the docstring do not.
    """
    (module,) = make_tree({"src/daskop/a.py": "\n@decorated\n" + long_function(7)}).source

    (found,) = lengths([module])

    assert ("src/daskop/a.py:3", "long", 7) == (found.place, found.name, found.number)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 5), (0.95, 9), (0.0, 1), (1.0, 9)])
def test_a_quantile_is_a_member(share: float, expected: int) -> None:
    """
    The nearest one by rank, as in the appendix of the sheet.
    """
    assert expected == quantile([9, 1, 2, 3, 4, 5, 6, 7, 8], share)


def test_nothing_has_no_quantile() -> None:
    """
    A source without functions does not crash the sheet.
    """
    assert 0 == quantile([], 0.5)


@pytest.mark.parametrize(("lines", "ok"), [(50, True), (51, False)])
def test_a_function_may_have_fifty_lines(make_tree: MakeTree, lines: int, ok: bool) -> None:
    """
    The one that has more is named in the rows of the maximum and of the number.
    """
    tree = make_tree({"src/daskop/a.py": long_function(lines)})

    _, _, longest, number, _ = function_rows(tree)

    offenders = [] if ok else [Offender("src/daskop/a.py:1", "long", "51 lines")]
    assert (ok, offenders, str(lines)) == (longest.ok, longest.offenders, longest.value)
    assert (ok, offenders, str(int(not ok))) == (number.ok, number.offenders, number.value)


def test_complexity_is_what_ruff_says(make_tree: MakeTree) -> None:
    """
    if, elif, for and except count; ``and`` does not; the first path is 1.
    """
    row = complexity(make_tree({"src/daskop/a.py": BRANCHES}))

    assert ("5 / 5", True) == (row.value, row.ok)


def test_a_function_of_eleven_paths_is_named(make_tree: MakeTree) -> None:
    """
    The maximum is 10.
    """
    text = "def f(x: int) -> None:\n" + "    if x:\n        print()\n" * 10

    row = complexity(make_tree({"src/daskop/a.py": text}))

    assert not row.ok
    assert [Offender("src/daskop/a.py:1", "f", "11 paths")] == row.offenders


def test_a_file_of_301_lines_is_named(make_tree: MakeTree) -> None:
    """
    All lines count; the median of the files is another row.
    """
    files = {"src/daskop/a.py": "\n" * 301, "src/daskop/b.py": "\n", "src/daskop/c.py": "\n" * 2}

    median, longest = file_rows(make_tree(files))

    assert ("2", True) == (median.value, median.ok)
    assert ("301", False) == (longest.value, longest.ok)
    assert [Offender("src/daskop/a.py", "file", "301 lines")] == longest.offenders


@pytest.mark.parametrize(("comments", "ok"), [(5, False), (6, True), (15, True), (16, False)])
def test_comments_have_two_bounds(make_tree: MakeTree, comments: int, ok: bool) -> None:
    """
    6 to 15 lines of comment go with 100 lines of code.
    """
    text = "# A comment.\n" * comments + "print()\n" * 100
    tree = make_tree({"src/daskop/a.py": text})

    row = next(row for row in rows(tree) if row.name == "comment share")

    assert (f"{comments:.1f} %", ok) == (row.value, row.ok)


@pytest.mark.parametrize(("documented", "ok"), [(24, False), (25, True), (45, True), (46, False)])
def test_docstrings_have_two_bounds(make_tree: MakeTree, documented: int, ok: bool) -> None:
    """
    25 to 45 lines of docstring go with 100 lines of code.
    """
    text = 'class C:\n    """One."""\n' * documented + "print()\n" * (100 - documented)
    tree = make_tree({"src/daskop/a.py": text})

    row = next(row for row in rows(tree) if row.name == "docstring share")

    assert (f"{documented:.1f} %", ok) == (row.value, row.ok)


def test_an_argument_without_a_type_is_named(make_tree: MakeTree) -> None:
    """
    The argument self needs none, and those by keyword do.
    """
    text = "class C:\n    def f(self, a: int, *, b): ...\n"

    row = typed(make_tree({"src/daskop/a.py": text, "pyproject.toml": MYPY_STRICT}))

    assert ("50 % of 2", False) == (row.value, row.ok)
    assert [Offender("src/daskop/a.py:2", "f(b)")] == row.offenders


@pytest.mark.parametrize(("project", "ok"), [(MYPY_STRICT, True), ("[tool.mypy]\n", False)])
def test_types_are_worth_what_checks_them(make_tree: MakeTree, project: str, ok: bool) -> None:
    """
    All arguments have types, but mypy must be strict.
    """
    files = {"src/daskop/a.py": "def f(a: int) -> None: ...\n", "pyproject.toml": project}

    assert ok == typed(make_tree(files)).ok


def test_every_broad_except_is_named(make_tree: MakeTree) -> None:
    """
    Bare ones and those among others are broad too; two are allowed, the third is not.
    """
    broad = ("", " Exception as error", " (OSError, BaseException)", " ValueError")
    text = "".join(f"try:\n    pass\nexcept{caught}:\n    pass\n" for caught in broad)

    row = broad_excepts(make_tree({"src/daskop/a.py": text}))

    assert ("3: a.py:3, a.py:7, a.py:11", False) == (row.value, row.ok)
    assert Offender("src/daskop/a.py:11", "except (OSError, BaseException)") in row.offenders
