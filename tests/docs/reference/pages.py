"""Which pages are generated, and by what."""

from collections.abc import Callable
from typing import Final

from tests.docs.reference import kinds, settings

PAGES: Final[dict[str, Callable[[], str]]] = {
    "docs/reference/kinds.md": kinds.page,
    "docs/reference/settings.md": settings.page,
}
