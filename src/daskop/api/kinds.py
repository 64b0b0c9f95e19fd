"""What every kind of ours is made of, and the view of an object of such a kind."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar

from pydantic import Field, ValidationError

from daskop.api.conditions import Condition
from daskop.api.meta import Manifest, Meta, OwnerReference
from daskop.api.resources import Resource
from daskop.api.schema import ApiModel
from daskop.errors import InvalidManifestError

SpecT = TypeVar("SpecT", bound=ApiModel)


class Status(ApiModel):
    """What every status says."""

    observed_generation: int = Field(
        default=0, description="The metadata.generation that this status was derived from."
    )
    failures: int = Field(
        default=0,
        description="Rounds of replacing Pods that ended, each within 10 minutes of the one before.",
    )
    last_failure_time: datetime | None = Field(
        default=None, description="When the last of these rounds began."
    )
    newest_pod_time: datetime | None = Field(
        default=None,
        description="When the newest Pod that there was at the last of these rounds was created.",
    )
    conditions: list[Condition] = Field(
        default=[],
        description="Observations, one of a type.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )


@dataclass(frozen=True, slots=True)
class CustomResource(Generic[SpecT]):
    """
    An object of one of our kinds, as decisions see it.

    Attributes:
        kind: Its kind's name.
        status: As stored; empty before the first write.
    """

    kind: str
    meta: Meta
    spec: SpecT
    status: Manifest
    labels: Manifest
    annotations: Manifest

    def as_owner(self, *, controller: bool = True) -> OwnerReference:
        """The reference that makes another object go when this one goes."""
        return OwnerReference(self.kind, self.meta.key.name, self.meta.uid, controller)


AnyCustomResource: TypeAlias = CustomResource[Any]
"""An object of whichever kind of ours."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of ``kubectl get``; *priority* 1 shows it with ``-o wide`` only."""

    name: str
    type: str
    json_path: str
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Kind(Generic[SpecT]):
    """
    One kind: what its CRD says.

    Attributes:
        name_limit: The longest name whose derived names and label values are still legal.
        names_a_service: Whether a Service is named after it, which must be a DNS label.
        scalable: Whether ``kubectl scale`` works on ``spec.worker.replicas``.
    """

    resource: Resource
    description: str
    spec: type[SpecT]
    status: type[Status]
    short_names: tuple[str, ...]
    columns: tuple[Column, ...]
    name_limit: int
    names_a_service: bool
    scalable: bool

    def parse(self, manifest: Manifest) -> CustomResource[SpecT]:
        """
        Read an object of this kind.

        Raises:
            InvalidManifestError: If it does not fit the model; says where and why.
        """
        # The API server has checked the schema, unless the object is older than the CRD's rules.
        try:
            spec = self.spec.model_validate(manifest.get("spec", {}))
        except ValidationError as error:
            raise InvalidManifestError(str(error)) from error
        metadata = manifest["metadata"]
        return CustomResource(
            kind=self.resource.kind,
            meta=Meta.parse(manifest),
            spec=spec,
            status=manifest.get("status") or {},
            labels=metadata.get("labels") or {},
            annotations=metadata.get("annotations") or {},
        )
