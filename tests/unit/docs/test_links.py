"""Links between pages, where the site's builder does not look: `mkdocs build --strict` does the rest."""

import re
from pathlib import Path

import pytest

from tests.docs.page import ROOT

LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)(?:#[^)]*)?\)")
OUTSIDE = sorted(ROOT.glob("*.md"))
"""Pages that are no part of the site."""


@pytest.mark.parametrize("page", OUTSIDE, ids=lambda page: page.name)
def test_each_link_leads_to_a_file(page: Path) -> None:
    """
    What a page at the top level links to is there.
    """
    text = page.read_text()

    assert [] == [link for link in LINK.findall(text) if not (ROOT / link).exists()]


def test_pages_of_the_site_stay_inside() -> None:
    """
    No page links to a file outside of docs/, which the site does not have.
    """
    docs = ROOT / "docs"
    outside = [
        f"{page.relative_to(docs)}: {link}"
        for page in sorted(docs.rglob("*.md"))
        for link in LINK.findall(page.read_text())
        if not (page.parent / link).resolve().is_relative_to(docs)
    ]

    assert [] == outside


def test_each_decision_is_listed() -> None:
    """
    The list of decisions names each record by its title.
    """
    folder = ROOT / "docs" / "decisions"
    listed = (folder / "README.md").read_text()
    records = sorted(folder.glob("0*.md"))

    titles = {r.name: r.read_text().splitlines()[0].removeprefix("# ") for r in records}
    assert [] == [name for name, title in titles.items() if f"[{title}]({name})" not in listed]
