"""The kind DaskCluster: a scheduler, its Service, and a default group of workers."""

from typing import TypeAlias

from pydantic import Field

from daskop.api.kinds import Column, CustomResource, Kind, Status
from daskop.api.podspec import PodSpec, ServiceSpec, TemplateMetadata
from daskop.api.resources import CLUSTERS
from daskop.api.schema import ApiModel
from daskop.api.worker_group import WorkerSpec


class SchedulerSpec(ApiModel):
    """The scheduler and how it is reached."""

    spec: PodSpec = Field(description="PodSpec of the scheduler, as in a Pod.")
    service: ServiceSpec = Field(
        default={}, description="ServiceSpec of the scheduler's Service, as in a Service."
    )
    metadata: TemplateMetadata = Field(
        default=TemplateMetadata(), description="Labels and annotations of the scheduler Pod."
    )


class ClusterSpec(ApiModel):
    """What a user asks of a cluster."""

    worker: WorkerSpec = Field(description="The workers of the default worker group.")
    scheduler: SchedulerSpec = Field(description="The scheduler.")


class ClusterStatus(Status):
    """What is observed of a cluster."""

    phase: str = Field(
        default="",
        description="For older tools: Created, Pending, Running (the scheduler is ready) or Error.",
    )
    replicas: int = Field(default=0, description="Workers of the default group that exist.")
    ready_replicas: int = Field(default=0, description="Those of them that are ready.")
    ready_workers: str = Field(default="", description="Ready and wanted workers, e.g. 2/3.")
    selector: str = Field(
        default="", description="Label selector of the default group's workers, for scaling."
    )
    scheduler_instance: str = Field(
        default="",
        description="The run of the scheduler that was ready last: Pod uid and restarts.",
    )
    scheduler_restarts: int = Field(
        default=0,
        description="How often the scheduler came back; what it held was lost each time.",
    )
    scheduler_address: str = Field(
        default="", description="Where clients in Kubernetes connect to the scheduler."
    )


CLUSTER = Kind(
    resource=CLUSTERS,
    description="A Dask cluster: a scheduler, its Service, and a default worker group.",
    spec=ClusterSpec,
    status=ClusterStatus,
    short_names=("dsk",),
    columns=(
        Column("Ready", "string", ".status.conditions[?(@.type=='Ready')].status"),
        Column("Workers", "string", ".status.readyWorkers"),
        Column("Status", "string", ".status.conditions[?(@.type=='Ready')].reason"),
        Column("Scheduler", "string", ".status.schedulerAddress", priority=1),
        Column("Age", "date", ".metadata.creationTimestamp"),
    ),
    name_limit=42,  # NAME-default-worker-group is the value of a label, at most 63 characters
    names_a_service=True,
    scalable=True,
)

DaskCluster: TypeAlias = CustomResource[ClusterSpec]
