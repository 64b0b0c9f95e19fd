"""``python -m tests.docs.reference`` writes the pages that are generated."""

from tests.docs.page import ROOT
from tests.docs.reference.pages import PAGES

for name, page in PAGES.items():
    (ROOT / name).write_text(page())
