"""The commands of the documentation, on a kind cluster, as a reader types them."""

from pathlib import Path

import pytest

from tests.docs.follow import reader
from tests.docs.page import steps
from tests.e2e.kind.kubectl import Kubectl

PAGES = [
    "README.md",
    "docs/index.md",
    "docs/concepts.md",
    "docs/connecting.md",
    "docs/workers.md",
    "docs/jobs.md",
    "docs/migrating.md",
    "docs/troubleshooting.md",
]


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_true(page: str, kubectl: Kubectl, tmp_path: Path) -> None:
    """
    Each command of the page does, in a namespace of its own, what the page shows.
    """
    cluster = kubectl.cluster
    programs = {"kubectl": cluster.kubectl}

    with reader(page, tmp_path, cluster.kubeconfig, kubectl.namespace, programs) as someone:
        someone.follow(steps(page))
