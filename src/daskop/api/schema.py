"""From pydantic models to the structural schemas that a CustomResourceDefinition demands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, JsonValue
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

PRESERVE: dict[str, JsonValue] = {"x-kubernetes-preserve-unknown-fields": True}
"""Fields that the schema does not name are kept, so that none of a newer Kubernetes is lost."""


class ApiModel(BaseModel):
    """A part of one of our objects: snake_case here, camelCase in the API."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


@dataclass(frozen=True, slots=True)
class Opaque:
    """
    Marks a mapping that is passed on as it is, though the CRD describes a part of it.

    Attributes:
        model: Describes the fields that the operator reads.
    """

    model: type[ApiModel]

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe the field by the model instead of as a mapping of anything."""
        return handler(self.model.__pydantic_core_schema__)


def structural_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI v3 schema of *model* in the structural form: no references, no ``anyOf``."""
    schema = model.model_json_schema(by_alias=True)
    resolved = _resolve(schema, schema.get("$defs", {}))
    return {key: value for key, value in resolved.items() if key != "description"}


def _resolve(node: Mapping[str, Any], defs: Mapping[str, Any]) -> dict[str, Any]:
    """Put referenced schemas in place, and spell ``X | None`` as a nullable X."""
    if "$ref" in node:
        target = defs[node["$ref"].rsplit("/", 1)[-1]]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    # The API server refuses anyOf as a type: our models use it for "or nothing" only.
    if "anyOf" in node:
        (choice,) = (option for option in node["anyOf"] if option != {"type": "null"})
        rest = {key: value for key, value in node.items() if key != "anyOf"}
        return {**_resolve({**choice, **rest}, defs), "nullable": True}
    out: dict[str, Any] = {}
    for key, value in node.items():
        # Titles say what the names say, and a default of null would be written into each object.
        if key in {"title", "$defs"} or (key == "default" and value is None):
            continue
        if key == "properties":
            out[key] = {name: _resolve(child, defs) for name, child in value.items()}
        elif key in {"items", "additionalProperties"} and isinstance(value, Mapping):
            out[key] = _resolve(value, defs)
        else:
            out[key] = value
    return out
