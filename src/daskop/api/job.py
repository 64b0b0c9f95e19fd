"""The kind DaskJob: a runner Pod that works to completion with a cluster of its own."""

from datetime import datetime
from typing import TypeAlias

from pydantic import Field

from daskop.api.cluster import ClusterSpec
from daskop.api.kinds import Column, CustomResource, Kind, Status
from daskop.api.podspec import RunnerPodSpec, TemplateMetadata
from daskop.api.resources import JOBS
from daskop.api.schema import ApiModel


class RunnerSpec(ApiModel):
    """The Pod that runs the user's program."""

    spec: RunnerPodSpec = Field(description="PodSpec of the runner, as in a Pod.")
    metadata: TemplateMetadata = Field(
        default=TemplateMetadata(), description="Labels and annotations of the runner Pod."
    )


class JobClusterSpec(ApiModel):
    """The cluster that the job gets."""

    spec: ClusterSpec = Field(description="As the spec of a DaskCluster.")


class JobSpec(ApiModel):
    """What a user asks of a job."""

    job: RunnerSpec = Field(description="The runner.")
    cluster: JobClusterSpec = Field(description="The cluster that lives as long as the runner.")


class JobStatus(Status):
    """What is observed of a job."""

    job_status: str = Field(
        default="",
        description="JobCreated, ClusterCreated, Running, Successful or Failed.",
    )
    cluster_name: str = Field(default="", description="The DaskCluster made for the job.")
    job_runner_pod_name: str = Field(default="", description="The Pod that runs the program.")
    runner_instance: str = Field(default="", description="The uid of the runner that ran last.")
    start_time: datetime | None = Field(default=None, description="When the runner started.")
    end_time: datetime | None = Field(default=None, description="When the runner ended.")


JOB = Kind(
    resource=JOBS,
    description="A Pod that runs to completion with a Dask cluster beside it.",
    spec=JobSpec,
    status=JobStatus,
    short_names=("djb",),
    columns=(
        Column("Status", "string", ".status.jobStatus"),
        Column("Cluster", "string", ".status.clusterName"),
        Column("Started", "date", ".status.startTime"),
        Column("Finished", "date", ".status.endTime"),
        Column("Age", "date", ".metadata.creationTimestamp"),
    ),
    name_limit=34,  # the cluster JOB-cluster may have 42 characters
    names_a_service=True,
    scalable=False,
)

DaskJob: TypeAlias = CustomResource[JobSpec]
