"""The page of the kinds, from the schemas that their CRDs give the API server."""

from collections.abc import Iterator
from typing import Any, Final

from daskop.api.cluster import CLUSTER
from daskop.api.crd import KINDS, custom_resource_definition
from daskop.api.kinds import Kind
from tests.docs.reference.table import code, plain, table

HEAD: Final = """\
# Kinds

This page is generated from the CRDs (`make reference`). `kubectl explain daskcluster.spec` tells the
same on the command line. All kinds are of `kubernetes.dask.org/v1` and live in a namespace.

A type in **bold** is required. A PodSpec or ServiceSpec may have every field that your Kubernetes
knows: those that are listed here are those that the operator reads; all others are passed on as they
are, and checked when the Pod or Service is made.
"""

COLUMNS: Final = ("field", "type and default", "meaning")
LIMITS: Final = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", " entries"),
)


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(line for kind in KINDS for line in _section(kind))])


def _section(kind: Kind[Any]) -> Iterator[str]:
    definition = custom_resource_definition(kind)["spec"]
    (version,) = definition["versions"]
    names, schema = definition["names"], version["schema"]["openAPIV3Schema"]
    yield f"## {names['kind']}\n"
    yield f"{schema['description']}\n"
    yield f"- Names: {', '.join(map(code, (names['plural'], names['singular'], *names['shortNames'])))};"
    yield f"  categories: {', '.join(map(code, names['categories']))}."
    for rule in schema["x-kubernetes-validations"]:
        yield f"- {_sentence(rule['message'].removeprefix('the name is too long: '))}"
    scaled = "scale" in version["subresources"]
    yield f"- `kubectl scale` and a HorizontalPodAutoscaler: {'yes' if scaled else 'no'}."
    columns = [
        f"{column['name'].upper()}{' (`-o wide`)' if column.get('priority') else ''}"
        for column in version["additionalPrinterColumns"]
    ]
    yield f"- Columns of `kubectl get`: {', '.join(columns)}.\n"
    for part in ("spec", "status"):
        yield f"### {names['kind']} {part}\n"
        yield from table(COLUMNS, _rows(schema["properties"][part], part, kind))
        yield ""


def _rows(schema: dict[str, Any], path: str, kind: Kind[Any]) -> Iterator[tuple[str, str, str]]:
    """One row for each field below *schema*, in order."""
    required = schema.get("required", ()) if path.startswith("spec") else ()
    for name, field in schema.get("properties", {}).items():
        type_ = f"**{_type(field)}**" if name in required else _type(field)
        says = plain(_meaning(field))
        here = f"{path}.{name}"
        if kind is not CLUSTER and _is_clusters_spec(field):
            yield code(here), type_, f"{says} See [DaskCluster spec](#daskcluster-spec)."
            continue
        yield code(here), f"{type_}{_default(field)}", says
        entries = field.get("items")
        yield from _rows(entries or field, f"{here}[]" if entries else here, kind)


def _meaning(field: dict[str, Any]) -> str:
    """What the field is for, and the rules that hold for it."""
    rules = [str(rule["message"]) for rule in field.get("x-kubernetes-validations", ())]
    return " ".join([field.get("description", ""), *map(_sentence, rules)])


def _sentence(rule: str) -> str:
    return f"{rule[0].upper()}{rule[1:]}."


def _is_clusters_spec(field: dict[str, Any]) -> bool:
    """Whether *field* holds what the spec of a DaskCluster holds."""
    (version,) = custom_resource_definition(CLUSTER)["spec"]["versions"]
    properties = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    return bool(field.get("properties") == properties)


def _type(field: dict[str, Any]) -> str:
    """The type in words, with its limits."""
    type_ = str(field.get("type", "object"))
    if type_ == "array":
        type_ = f"list of {_type(field['items'])}s"
    if isinstance(field.get("additionalProperties"), dict):
        type_ = f"map of {_type(field['additionalProperties'])}s"
    if field.get("format") == "date-time":
        type_ = "time"
    if "enum" in field:
        type_ = " or ".join(map(code, field["enum"]))
    return type_ + "".join(_limit(field, *limit) for limit in LIMITS)


def _limit(field: dict[str, Any], least: str, most: str, unit: str) -> str:
    low, high = field.get(least), field.get(most)
    if high is not None:
        return f", {low} to {high}{unit}" if low is not None else f", at most {high}{unit}"
    return ", not empty" if low == 1 else ""


def _default(field: dict[str, Any]) -> str:
    """What an object gets that does not say it; empty values say nothing."""
    default = field.get("default")
    return (
        f"; default {code(str(default))}"
        if isinstance(default, int | str) and default != ""
        else ""
    )
