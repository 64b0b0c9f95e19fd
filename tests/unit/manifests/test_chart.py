"""The chart as files: what its values promise, and that nothing in it is out of date."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from daskop import __version__
from daskop.cli import run
from tests.e2e.cluster.images import OPERATOR_IMAGE
from tests.e2e.cluster.manifests import CHART, copied

VALUES = (CHART / "values.yaml").read_text()
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
FREE = {
    *("nodeAffinity", "podAffinity", "podAntiAffinity", "tolerations", "valueFrom"),
    *("namespaceSelector", "podSelector", "ipBlock", "global"),
}
"""Parts of a PodSpec or of a policy that the API server checks itself, and Helm's own."""
GROUPS = {"image", "settings", "serviceAccount", "crds", "networkPolicy", "monitoring"}
SETTING = re.compile(r"# .*: (?P<default>\S+)\.\n  (?P<name>\w+): null$", re.MULTILINE)


def objects(node: Any, name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each schema of an object, with the name of the property that it is for."""
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield name, node
        for key, child in node.items():
            yield from objects(child, name if key in {"items", "properties"} else key)


def names(values: dict[str, Any]) -> set[str]:
    """The names of all values, those of a group with its name in front."""
    groups = {name: set(values[name]) for name in GROUPS}
    inner = {f"{name}.{key}" for name, keys in groups.items() for key in keys}
    return inner | values.keys() - GROUPS


def test_files_in_the_chart_are_copies() -> None:
    """
    CRDs, rules and roles in the chart are those of the repository: run `make manifests`.
    """
    assert copied() == {path: path.read_text() for path in copied()}


def test_the_versions_are_the_programs() -> None:
    """
    The chart installs the operator of its own version, by the name under which it is built.
    """
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert (__version__, __version__) == (chart["version"], chart["appVersion"])
    assert OPERATOR_IMAGE == f"{yaml.safe_load(VALUES)['image']['repository']}:{__version__}"


def test_the_defaults_fit_the_schema_and_name_every_value() -> None:
    """
    values.yaml is valid, and holds each value that there is.
    """
    values = yaml.safe_load(VALUES)
    known = SCHEMA["properties"]

    jsonschema.validate(values, SCHEMA)
    grouped = {name: child["properties"] if name in GROUPS else {} for name, child in known.items()}
    assert names(grouped) - {"global"} == names(values)


def test_the_schema_is_strict() -> None:
    """
    Whatever is not named is refused, but in what the API server checks itself.
    """
    jsonschema.Draft7Validator.check_schema(SCHEMA)

    assert set() == {n for n, o in objects(SCHEMA) if "additionalProperties" not in o} - FREE


def test_every_value_is_explained() -> None:
    """
    Above each value, and each group of values, stands a comment.
    """
    lines = VALUES.splitlines()
    keys = [i for i, line in enumerate(lines) if re.match(r"( {2})?\w+:", line)]
    shown = {lines[i].strip() for i in keys if not lines[i - 1].strip().startswith("#")}

    # what resources hold is Kubernetes' matter
    assert {"requests:", "limits:"} == shown


@pytest.mark.parametrize("name", sorted(SCHEMA["properties"]["settings"]["properties"]))
def test_defaults_of_settings_are_named_as_they_are(name: str) -> None:
    """
    The comment on a setting names the default of the option of daskop run.
    """
    words = {"parallelRequests": "parallel_requests", "logFormat": "log_format"}
    (option,) = (option for option in run.params if option.name == words.get(name, name))

    said = {found["name"]: found["default"] for found in SETTING.finditer(VALUES)}

    assert str(option.default) == said[name]


def test_no_template_repeats_a_version() -> None:
    """
    The version stands in Chart.yaml alone.
    """
    templates = sorted(Path(CHART / "templates").iterdir())

    assert [] == [page.name for page in templates if __version__ in page.read_text()]
