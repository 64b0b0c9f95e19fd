"""The CustomResourceDefinition of a kind."""

from typing import Any

from daskop.api.cluster import CLUSTER
from daskop.api.job import JOB
from daskop.api.kinds import Column, Kind
from daskop.api.schema import structural_schema
from daskop.api.worker_group import WORKER_GROUP

KINDS: tuple[Kind[Any], ...] = (CLUSTER, WORKER_GROUP, JOB)


def custom_resource_definition(kind: Kind[Any]) -> dict[str, Any]:
    """The manifest that teaches the API server *kind*."""
    resource = kind.resource
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{resource.plural}.{resource.group}"},
        "spec": {
            "group": resource.group,
            "scope": "Namespaced",
            "names": {
                "kind": resource.kind,
                "listKind": f"{resource.kind}List",
                "plural": resource.plural,
                "singular": resource.kind.lower(),
                "shortNames": list(kind.short_names),
                "categories": ["all", "dask"],
            },
            "versions": [_version(kind)],
        },
    }


def _version(kind: Kind[Any]) -> dict[str, Any]:
    subresources: dict[str, Any] = {"status": {}}
    # Without the selector's path an HPA cannot count the Pods that it scales.
    if kind.scalable:
        subresources["scale"] = {
            "specReplicasPath": ".spec.worker.replicas",
            "statusReplicasPath": ".status.replicas",
            "labelSelectorPath": ".status.selector",
        }
    return {
        "name": kind.resource.version,
        "served": True,
        "storage": True,
        "subresources": subresources,
        "additionalPrinterColumns": [_column(column) for column in kind.columns],
        "schema": {"openAPIV3Schema": _object_schema(kind)},
    }


def _column(column: Column) -> dict[str, Any]:
    shown = {"name": column.name, "type": column.type, "jsonPath": column.json_path}
    return {**shown, "priority": column.priority} if column.priority else shown


def _object_schema(kind: Kind[Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": kind.description,
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": "Always kubernetes.dask.org/v1."},
            "kind": {"type": "string", "description": f"Always {kind.resource.kind}."},
            "metadata": _metadata(kind),
            "spec": {"description": "What is wanted.", **structural_schema(kind.spec)},
            "status": {"description": "What is observed.", **structural_schema(kind.status)},
        },
        "x-kubernetes-validations": _name_rules(kind),
    }


def _metadata(kind: Kind[Any]) -> dict[str, Any]:
    # The API server describes the rest itself; the name is here for the rules to point at.
    longest = f"At most {kind.name_limit} characters."
    return {"type": "object", "properties": {"name": {"type": "string", "description": longest}}}


def _name_rules(kind: Kind[Any]) -> list[dict[str, str]]:
    # Rules instead of a webhook: they hold while the operator is down, and need no certificate.
    limit = kind.name_limit
    rules = [
        {
            "rule": f"size(self.metadata.name) <= {limit}",
            "message": f"the name is too long: a {kind.resource.kind}'s name may have at most "
            f"{limit} characters, so that the names derived from it are legal",
            "fieldPath": ".metadata.name",
        }
    ]
    if kind.names_a_service:
        rules.append(
            {
                "rule": "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
                "message": "the name must be lower-case letters, digits and dashes, start with a "
                "letter and not end with a dash, so that a Service can be named after it",
                "fieldPath": ".metadata.name",
            }
        )
    return rules
