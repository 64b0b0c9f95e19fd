"""All rows of the score sheet, in its order."""

from benchmarks.score import code, design, testing
from benchmarks.score.row import Row
from benchmarks.score.tree import Tree


def measure(tree: Tree) -> list[Row]:
    """Every quality of the sheet that has a target."""
    return [
        *code.rows(tree),
        testing.ratio(tree),
        testing.mock_calls(tree),
        testing.sleeps(tree),
        design.layers(tree),
        design.pure_decision(tree),
        design.seam(tree),
        design.status(tree),
        design.errors(tree),
        testing.sentences(tree),
        testing.examples(tree),
        *design.document_rows(tree),
    ]
