"""The pages that are generated say what the code says."""

from collections.abc import Callable

import pytest

from tests.docs.page import ROOT
from tests.docs.reference.pages import PAGES


@pytest.mark.parametrize(("name", "page"), PAGES.items())
def test_the_page_is_up_to_date(name: str, page: Callable[[], str]) -> None:
    """
    A generated page is what `make reference` would write.
    """
    assert page() == (ROOT / name).read_text()
