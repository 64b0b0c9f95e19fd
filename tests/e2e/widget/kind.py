"""The kind ``Widget``: it owns as many ConfigMaps as it is told."""

from dataclasses import dataclass
from typing import Any, Final

from daskop.api.meta import Manifest, Meta, OwnerReference
from daskop.api.resources import Resource
from daskop.api.wellknown import API_VERSION, GROUP, VERSION

WIDGETS: Final = Resource(GROUP, VERSION, "widgets", "Widget")
PARTS: Final = Resource("", "v1", "configmaps", "ConfigMap")

WIDGET_LABEL: Final = "daskop.test/widget"
"""On each part; the informer of parts selects by it."""


@dataclass(frozen=True, slots=True)
class Widget:
    """A Widget as decisions see it."""

    meta: Meta
    replicas: int
    status: Manifest

    @classmethod
    def parse(cls, manifest: Manifest) -> "Widget":
        """Read a Widget that came from the API server."""
        spec = manifest.get("spec") or {}
        return cls(Meta.parse(manifest), spec.get("replicas", 1), manifest.get("status") or {})

    def as_owner(self) -> OwnerReference:
        """The reference that makes an object a part of this Widget."""
        return OwnerReference(WIDGETS.kind, self.meta.key.name, self.meta.uid)


@dataclass(frozen=True, slots=True)
class Part:
    """A ConfigMap as decisions see it: whose it is."""

    meta: Meta

    @classmethod
    def parse(cls, manifest: Manifest) -> "Part":
        """Read a ConfigMap that came from the API server."""
        return cls(Meta.parse(manifest))


def a_widget(name: str, replicas: int) -> dict[str, Any]:
    """A manifest."""
    return {
        "apiVersion": API_VERSION,
        "kind": WIDGETS.kind,
        "metadata": {"name": name},
        "spec": {"replicas": replicas},
    }


def custom_resource_definition() -> dict[str, Any]:
    """The CRD, with a status subresource."""
    schema = {
        "type": "object",
        "properties": {
            "spec": {"type": "object", "properties": {"replicas": {"type": "integer"}}},
            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    names = {"plural": WIDGETS.plural, "singular": "widget", "kind": WIDGETS.kind}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{WIDGETS.plural}.{GROUP}"},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }
