"""
The images of Dask, of the operator and of Prometheus, each built once for each state of its inputs.

An image carries the hash of its inputs as a tag; a daemon that holds that tag needs no build.
"""

import platform
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.e2e.cluster import debian
from tests.e2e.cluster.binaries import BUILD
from tests.e2e.cluster.cache import content_key
from tests.e2e.cluster.wheels import wheels
from tests.e2e.cluster.workshop import LOCAL, Workshop

REPOSITORY = BUILD.parents[3]
OPERATOR_IMAGE = "daskop:0.1.0"
DASK_IMAGE = "ghcr.io/dask/dask:latest"
"""The name in the users' manifests, at a version that has the commands they call."""

PROMETHEUS_IMAGE = "daskop.local/prometheus:test"

PUBLIC_PYTHON = "python:3.11-slim"
PUBLIC_DEBIAN = f"debian:{debian.PROMETHEUS.suite}-slim"
OFFLINE = "--no-index --find-links wheels"


def python_base(shop: Workshop) -> str:
    """Return the image that Dask and the operator are built on."""
    return shop.pulled(PUBLIC_PYTHON) if shop.public else shop.imported(debian.PYTHON)


def runtime_base(shop: Workshop) -> str:
    """Return the image that the operator runs on; of our own ones, it is the one without a shell."""
    return python_base(shop) if shop.public else shop.imported(debian.RUNTIME)


def dask_image(shop: Workshop) -> str:
    """Return the image with Dask."""
    requirements = REPOSITORY / "requirements" / "dask.txt"
    dockerfile = BUILD / "dask" / "Dockerfile"

    def fill(context: Path) -> None:
        shutil.copy(dockerfile, context)
        shutil.copy(requirements, context / "requirements.txt")
        _add_wheels(shop, "dask", requirements, context)

    return _built(shop, "dask", [requirements, dockerfile], fill, DASK_IMAGE)


def operator_image(shop: Workshop) -> str:
    """Return the operator's image."""
    requirements = REPOSITORY / "requirements" / "image.txt"
    top = [REPOSITORY / name for name in ("Dockerfile", "LICENSE")]
    sources = [p for p in sorted((REPOSITORY / "src").rglob("*")) if p.suffix in {".py", ".typed"}]

    def fill(context: Path) -> None:
        for path in [*top, requirements, *sources]:
            target = context / path.relative_to(REPOSITORY)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
        _add_wheels(shop, "image", requirements, context)

    inputs = [*top, requirements, *sources]
    return _built(shop, "operator", inputs, fill, OPERATOR_IMAGE, RUNTIME=runtime_base(shop))


def prometheus_image(shop: Workshop) -> str:
    """Return the image with Debian's Prometheus; its packages come with the network or the base."""
    dockerfile = BUILD / "prometheus" / "Dockerfile"
    if shop.public:
        source = shop.pulled(PUBLIC_DEBIAN)
    else:
        debian.provide_tools(shop.runner, shop.cache)
        source = shop.imported(debian.PROMETHEUS)

    def fill(context: Path) -> None:
        shutil.copy(dockerfile, context)

    return _built(shop, "prometheus", [dockerfile], fill, PROMETHEUS_IMAGE, DEBIAN=source)


def _add_wheels(shop: Workshop, name: str, requirements: Path, context: Path) -> None:
    if not shop.public:
        found = wheels(name, requirements, platform.machine(), shop.runner, shop.cache)
        shutil.copytree(found, context / "wheels")


def _built(
    shop: Workshop,
    what: str,
    files: list[Path],
    fill: Callable[[Path], None],
    name: str,
    **arguments: str,
) -> str:
    """Return *name*, which then is the image of these inputs and of the build's *arguments*."""
    base = python_base(shop)
    places = [str(path.relative_to(REPOSITORY)) for path in files]
    key = content_key(files, base, str(shop.public), *arguments.values(), *places)
    keyed = f"{LOCAL}/{what}:{key}"
    with shop.missing(keyed) as missing:
        if missing:
            with shop.context() as context:
                fill(context)
                offline = {} if shop.public else {"PIP_OPTIONS": OFFLINE}
                shop.build(context, keyed, {"BASE": base, **arguments, **offline})
    shop.docker.do("tag", keyed, name)
    return name
