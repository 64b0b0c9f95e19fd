"""Worker Pods as an API server holds them: about 5 KB each, as in a cluster of every day."""

import json
from typing import Any

from daskop.api.meta import OwnerReference
from daskop.api.resources import WORKER_GROUPS
from daskop.api.wellknown import (
    CLUSTER_NAME_LABEL,
    COMPONENT_LABEL,
    GROUP_NAME_LABEL,
    ISTIO_INJECT_LABEL,
    WORKER,
)

Json = dict[str, Any]

GROUP_SIZE = 100
"""Workers of one group."""

_TIME = "2026-01-01T00:00:00Z"


def group_of(number: int) -> str:
    """The name of the group that Pod *number* is a worker of; its uid too, after ``uid-``."""
    return f"cluster-{number // GROUP_SIZE}-default-worker-group"


def new_pod(number: int, namespace: str) -> Json:
    """The Pod as it is created."""
    group = group_of(number)
    name = f"{group}-worker-{number:010x}"
    metadata = {
        "name": name,
        "namespace": namespace,
        "labels": _labels(f"cluster-{number // GROUP_SIZE}", group),
        "ownerReferences": [_owner(group)],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": _spec(name)}


def running_pod(number: int, namespace: str, version: int) -> Json:
    """The Pod as it is once it runs, with what the server and the kubelet have added."""
    pod = new_pod(number, namespace)
    status = _status(number)
    pod["metadata"] |= {
        "uid": f"6f8a2f0e-43a1-4b7e-9d52-{number:012x}",
        "resourceVersion": str(version),
        "generation": 1,
        "creationTimestamp": _TIME,
        "managedFields": [
            _managed("daskop", {"metadata": pod["metadata"], "spec": pod["spec"]}),
            _managed("kubelet", {"status": status}) | {"subresource": "status"},
        ],
    }
    pod["spec"]["nodeName"] = f"node-{number % 50}"
    pod["status"] = status
    return pod


def encoded(content: Json) -> bytes:
    """JSON as the API server writes it: without blanks."""
    return json.dumps(content, separators=(",", ":")).encode()


def _labels(cluster: str, group: str) -> dict[str, str]:
    return {
        CLUSTER_NAME_LABEL: cluster,
        COMPONENT_LABEL: WORKER,
        GROUP_NAME_LABEL: group,
        ISTIO_INJECT_LABEL: "false",
        "app.kubernetes.io/name": "dask",
        "app.kubernetes.io/component": WORKER,
        "app.kubernetes.io/managed-by": "daskop",
    }


def _owner(group: str) -> Json:
    return OwnerReference(WORKER_GROUPS.kind, group, f"uid-{group}").manifest()


def _spec(name: str) -> Json:
    return {
        "containers": [_container(name)],
        "volumes": [{"name": "scratch", "emptyDir": {}}],
        "restartPolicy": "Never",
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "serviceAccountName": "default",
        "terminationGracePeriodSeconds": 30,
    }


def _container(name: str) -> Json:
    variables = {
        "DASK_WORKER_NAME": name,
        "DASK_SCHEDULER_ADDRESS": "tcp://cluster-service.default.svc:8786",
        "EXTRA_PIP_PACKAGES": "s3fs pyarrow",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "OMP_NUM_THREADS": "1",
    }
    return {
        "name": "worker",
        "image": "ghcr.io/dask/dask:latest",
        "imagePullPolicy": "IfNotPresent",
        "args": ["dask-worker", "--name", "$(DASK_WORKER_NAME)", "--dashboard"],
        "ports": [{"name": "http-dashboard", "containerPort": 8788, "protocol": "TCP"}],
        "env": [{"name": key, "value": value} for key, value in variables.items()],
        "resources": {
            "limits": {"cpu": "2", "memory": "8Gi"},
            "requests": {"cpu": "2", "memory": "8Gi"},
        },
        "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }


def _status(number: int) -> Json:
    types = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    return {
        "phase": "Running",
        "conditions": [
            {"type": t, "status": "True", "lastProbeTime": None, "lastTransitionTime": _TIME}
            for t in types
        ],
        "hostIP": "10.255.0.1",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": _TIME,
        "containerStatuses": [_container_status(number)],
        "qosClass": "Guaranteed",
    }


def _container_status(number: int) -> Json:
    digest = "sha256:1f2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff001"
    return {
        "name": "worker",
        "state": {"running": {"startedAt": _TIME}},
        "lastState": {},
        "ready": True,
        "restartCount": 0,
        "image": "ghcr.io/dask/dask:latest",
        "imageID": f"ghcr.io/dask/dask@{digest}",
        "containerID": f"containerd://{number:064x}",
        "started": True,
    }


def _managed(manager: str, content: Json) -> Json:
    """One entry of ``metadata.managedFields``."""
    return {
        "manager": manager,
        "operation": "Update",
        "apiVersion": "v1",
        "time": _TIME,
        "fieldsType": "FieldsV1",
        "fieldsV1": _fields(content),
    }


def _fields(content: Any) -> Json:
    """Which fields *content* has, in the server's notation."""
    if isinstance(content, dict):
        return {f"f:{key}": _fields(value) for key, value in content.items()}
    if isinstance(content, list) and content and isinstance(content[0], dict):
        return {_key(entry): {".": {}, **_fields(entry)} for entry in content}
    return {}


def _key(entry: Json) -> str:
    name = next(iter(entry))
    return "k:" + json.dumps({name: entry[name]}, separators=(",", ":"))
