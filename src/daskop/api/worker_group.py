"""The kind DaskWorkerGroup: workers of one shape that join a cluster."""

from typing import Annotated, TypeAlias

from pydantic import Field, JsonValue

from daskop.api.kinds import Column, CustomResource, Kind, Status
from daskop.api.podspec import PodSpec, TemplateMetadata
from daskop.api.resources import WORKER_GROUPS
from daskop.api.schema import ApiModel

Replicas: TypeAlias = Annotated[int, Field(ge=0, le=10_000, json_schema_extra={"format": "int32"})]
"""Bounded so that a slip of the finger cannot ask for a billion Pods."""


CLUSTER_STAYS: JsonValue = {
    "rule": "self == oldSelf",
    "message": "the cluster of a worker group cannot be changed: delete the group, and apply it anew",
}
"""Its workers belong to the cluster by owner reference, and know its scheduler's address."""


class WorkerSpec(ApiModel):
    """Workers: how many, and what each looks like."""

    replicas: Replicas = Field(default=1, description="Number of workers, from 0 to 10000.")
    spec: PodSpec = Field(description="PodSpec of each worker, as in a Pod.")
    metadata: TemplateMetadata = Field(
        default=TemplateMetadata(), description="Labels and annotations of each worker Pod."
    )


class WorkerGroupSpec(ApiModel):
    """What a user asks of a worker group."""

    cluster: str = Field(
        description="Name of the DaskCluster, in the same namespace, that the workers join.",
        min_length=1,
        max_length=63,
        json_schema_extra={"x-kubernetes-validations": [CLUSTER_STAYS]},
    )
    worker: WorkerSpec = Field(description="The workers of this group.")


class WorkerGroupStatus(Status):
    """What is observed of a worker group."""

    desired_replicas: int = Field(
        default=0, description="Workers that were wanted when this was written."
    )
    replicas: int = Field(default=0, description="Workers that exist.")
    ready_replicas: int = Field(default=0, description="Workers that are ready.")
    updated_replicas: int = Field(
        default=0, description="Workers that were made from the template as it is now."
    )
    selector: str = Field(default="", description="Label selector of the workers, for scaling.")


WORKER_GROUP = Kind(
    resource=WORKER_GROUPS,
    description="A group of equal Dask workers that join a DaskCluster.",
    spec=WorkerGroupSpec,
    status=WorkerGroupStatus,
    short_names=("dwg",),
    columns=(
        Column("Cluster", "string", ".spec.cluster"),
        Column("Desired", "integer", ".spec.worker.replicas"),
        Column("Current", "integer", ".status.replicas"),
        Column("Ready", "integer", ".status.readyReplicas"),
        Column("Updated", "integer", ".status.updatedReplicas", priority=1),
        Column("Status", "string", ".status.conditions[?(@.type=='Ready')].reason"),
        Column("Age", "date", ".metadata.creationTimestamp"),
    ),
    name_limit=63,  # it is the value of a label
    names_a_service=False,
    scalable=True,
)

DaskWorkerGroup: TypeAlias = CustomResource[WorkerGroupSpec]
