"""
What the operator reads of a user's PodSpec and ServiceSpec.

The rest is the user's and Kubernetes' business: it is stored and passed on untouched.
"""

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, ConfigDict, Field

from daskop.api.schema import PRESERVE, ApiModel, Opaque

DEEPEST: Final = 200
"""Levels of nesting that are read; a PodSpec needs about 15, and pydantic writes up to 255."""


class _Preserving(ApiModel):
    """An object of which only some fields are described."""

    model_config = ConfigDict(json_schema_extra=PRESERVE)


class _Named(_Preserving):
    name: str = Field(description="The entry's name.", min_length=1)


class _Port(_Preserving):
    name: str | None = Field(
        default=None,
        description="comm or tcp-comm is the port that workers and clients connect to (else 8786), "
        "dashboard or http-dashboard that of the dashboard (else 8787).",
    )


class _Container(_Preserving):
    name: str = Field(description="The container's name.", min_length=1)
    image: str | None = Field(default=None, description="The container image.")
    command: list[str] | None = Field(default=None, description="The entry point.")
    args: list[str] | None = Field(default=None, description="The entry point's arguments.")
    # Lists that may repeat a key, as in Kubernetes: no list maps (docs/decisions/0007).
    ports: list[_Port] | None = Field(
        default=None, description="The ports that the container listens on."
    )
    env: list[_Named] | None = Field(
        default=None,
        description="Environment variables. Where they are not set here, the operator adds "
        "DASK_SCHEDULER_ADDRESS in workers and in a job's runner, DASK_WORKER_NAME in workers.",
    )


class _PodSpec(_Preserving):
    containers: list[_Container] = Field(
        description="The containers of the Pod.",
        min_length=1,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )


class _RunnerPodSpec(_PodSpec):
    # Kubernetes' own default is Always, with which no job would ever end.
    restart_policy: Literal["OnFailure", "Never"] = Field(
        default="OnFailure",
        description="OnFailure runs the job's containers again until they succeed; "
        "with Never the first failure is the job's.",
    )


class _ServicePort(_Preserving):
    name: str | None = Field(default=None, description="The port's name.")
    port: int = Field(description="The port that the Service listens on.", ge=1, le=65535)


class _ServiceSpec(_Preserving):
    type: str | None = Field(
        default=None, description="ClusterIP (the default), NodePort or LoadBalancer."
    )
    selector: dict[str, str] | None = Field(
        default=None, description="The Pods behind it; left out, the cluster's scheduler."
    )
    ports: list[_ServicePort] | None = Field(
        default=None, description="Its ports; left out, 8786 (comm) and 8787 (dashboard)."
    )


def _shallow(value: Any, levels: int = DEEPEST) -> Any:
    """*value* with null in place of what is nested too deeply to be written as JSON again."""
    # The server stores 10,000 levels; it knows no field of a Pod that lies so deep, and drops it.
    if isinstance(value, dict):
        return {k: _shallow(v, levels - 1) for k, v in value.items()} if levels else None
    if isinstance(value, list):
        return [_shallow(v, levels - 1) for v in value] if levels else None
    return value


# What the operator holds is the user's mapping, unknown fields included; the models above only
# describe it, in the CRD and to kubectl explain.
PodSpec: TypeAlias = Annotated[dict[str, Any], AfterValidator(_shallow), Opaque(_PodSpec)]
RunnerPodSpec: TypeAlias = Annotated[
    dict[str, Any], AfterValidator(_shallow), Opaque(_RunnerPodSpec)
]
ServiceSpec: TypeAlias = Annotated[dict[str, Any], AfterValidator(_shallow), Opaque(_ServiceSpec)]


class TemplateMetadata(ApiModel):
    """Labels and annotations for Pods."""

    labels: dict[str, str] = Field(default={}, description="Labels to put on the Pods.")
    annotations: dict[str, str] = Field(default={}, description="Annotations to put on the Pods.")
