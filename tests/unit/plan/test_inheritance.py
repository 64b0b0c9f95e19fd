"""Labels and annotations: what children inherit, which of two wins, and what is put back."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from daskop.api.children import Pod
from daskop.api.labels import PodLabels
from daskop.api.podspec import TemplateMetadata
from daskop.plan.actions import Patch
from daskop.plan.cluster import default_group, plan_cluster, scheduler_pod
from daskop.plan.job import job_cluster, runner_pod
from daskop.plan.observed import ObservedCluster
from daskop.plan.pod_template import inherited, mended, metadata, pod
from daskop.plan.service import scheduler_service
from tests.unit.builders import (
    CLUSTER_UID,
    POD_SPEC,
    a_cluster,
    a_job,
    a_pod,
    a_service,
    a_worker_group,
    key,
    owned_by,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

ISTIO = "sidecar.istio.io/inject"
CLUSTER_NAME = "dask.org/cluster-name"
COMPONENT = "dask.org/component"
GROUP_NAME = "dask.org/workergroup-name"


@pytest.mark.parametrize(
    "name",
    [
        "app.kubernetes.io/instance",
        "applyset.kubernetes.io/part-of",
        "argocd.argoproj.io/tracking-id",
        "dask.org/cluster-name",
        "helm.sh/chart",
        "kapp.k14s.io/app",
        "kubectl.kubernetes.io/last-applied-configuration",
        "kubernetes.dask.org/passed-replicas",
        "kueue.x-k8s.io/queue-name",
        "kustomize.toolkit.fluxcd.io/name",
        "meta.helm.sh/release-name",
        "objectset.rio.cattle.io/id",
    ],
)
def test_what_a_tool_notes_on_its_object_is_not_inherited(name: str) -> None:
    """
    A child with such a label or annotation would be managed, pruned or queued by itself.
    """
    assert {"team": "a"} == inherited({name: "x", "team": "a"})


@pytest.mark.parametrize(
    "name",
    [
        "app",
        "dask.org",
        "helm.sh",
        "my-dask.org/team",
        "sub.dask.org/team",
        "example.com/dask.org/",
        "sidecar.istio.io/inject",
        "cluster-autoscaler.kubernetes.io/safe-to-evict",
    ],
)
def test_everything_else_is_inherited(name: str) -> None:
    """
    A name that only resembles a tool's is the user's own.
    """
    assert {name: "x"} == inherited({name: "x"})


def test_every_child_inherits() -> None:
    """
    Scheduler, Service, group, job cluster and runner have the label and annotation of their owner.
    """
    marks: Any = {"team": "a", "argocd.argoproj.io/instance": "app"}
    cluster = replace(a_cluster(), labels=marks, annotations=marks)
    job = replace(a_job(), labels=marks, annotations=marks)

    children = [
        scheduler_pod(cluster),
        scheduler_service(cluster),
        default_group(cluster),
        job_cluster(job),
        runner_pod(job, "tcp://s:8786"),
    ]

    for child in children:
        for field in ("labels", "annotations"):
            assert "a" == child["metadata"][field]["team"]
            assert "argocd.argoproj.io/instance" not in child["metadata"][field]


@pytest.mark.parametrize(
    ("of_owner", "of_template", "reserved", "label"),
    [
        pytest.param({}, {}, {}, "false", id="default"),
        pytest.param({ISTIO: "owner"}, {}, {}, "owner", id="owner"),
        pytest.param({}, {ISTIO: "template"}, {}, "template", id="template"),
        pytest.param({ISTIO: "owner"}, {ISTIO: "template"}, {}, "template", id="both"),
        pytest.param({ISTIO: "owner"}, {}, {ISTIO: "ours"}, "ours", id="reserved, owner"),
        pytest.param(
            {ISTIO: "owner"}, {ISTIO: "template"}, {ISTIO: "ours"}, "ours", id="reserved, both"
        ),
    ],
)
def test_the_nearer_label_wins(
    of_owner: dict[str, str], of_template: dict[str, str], reserved: dict[str, str], label: str
) -> None:
    """
    A default yields to the owner's label, that to the template's, and all to a reserved one.
    """
    owner = replace(a_cluster(), labels=of_owner)

    made = pod(key("p"), POD_SPEC, TemplateMetadata(labels=of_template), reserved, owner)

    assert label == made["metadata"]["labels"][ISTIO]


def test_the_templates_annotation_wins() -> None:
    """
    The annotations of a Pod are its owner's, unless the template says otherwise.
    """
    owner = replace(a_cluster(), annotations={"a": "owner", "b": "owner"})

    made = pod(key("p"), POD_SPEC, TemplateMetadata(annotations={"b": "template"}), {}, owner)

    assert {"a": "owner", "b": "template"} == made["metadata"]["annotations"]


def test_no_annotation_is_no_field() -> None:
    """
    A child without annotations has no empty mapping of them, which the API server would drop.
    """
    made = metadata(key("p"), {}, owned_by("uid"), {})

    assert {"name", "namespace", "labels", "ownerReferences"} == made.keys()


WANTED = PodLabels("c", "worker", "g")


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        pytest.param(PodLabels(), WANTED, id="all lost"),
        pytest.param(PodLabels("", "worker", "g"), WANTED, id="no cluster"),
        pytest.param(PodLabels("c", "scheduler", "g"), WANTED, id="other component"),
        pytest.param(PodLabels("c", "worker", "other"), WANTED, id="other group"),
        pytest.param(
            PodLabels("c", "scheduler", "g"),
            PodLabels("c", "scheduler"),
            id="in a group by mistake",
        ),
    ],
)
def test_labels_that_selectors_rest_on_are_put_back(labels: PodLabels, wanted: PodLabels) -> None:
    """
    One patch of the Pod that was seen gives it all three labels, or takes one that is too much.
    """
    pod = a_pod("p", labels=labels)

    (patch,) = mended(pod, wanted, None)

    assert isinstance(patch, Patch)
    assert ("Pod", pod.meta) == (patch.resource.kind, patch.meta)
    names = (CLUSTER_NAME, COMPONENT, GROUP_NAME)
    left = {**dict(zip(names, labels, strict=True)), **patch.body["metadata"]["labels"]}
    after = PodLabels.of({name: value for name, value in left.items() if value is not None})
    assert wanted == after
    assert [] == list(mended(pod._replace(labels=after), wanted, None))


def test_right_labels_need_nothing() -> None:
    """
    A Pod that is selected as it should be is not written.
    """
    assert [] == list(mended(a_pod("p", labels=WANTED), WANTED, None))


def test_a_new_scheduler_has_no_label_that_is_taken_back() -> None:
    """
    A Pod that was just created needs no patch, whatever labels the template asks for.
    """
    cluster = a_cluster(metadata={"labels": {GROUP_NAME: "g", "team": "a"}})
    made = scheduler_pod(cluster)
    served = Pod.parse(
        {**made, "metadata": {**made["metadata"], "uid": "u", "resourceVersion": "1"}}
    )

    plan = plan_cluster(ObservedCluster(cluster, served, None, None), NOW)

    assert [] == [action for action in plan.actions if isinstance(action, Patch)]


@pytest.mark.parametrize(
    ("owner", "phase", "mended"),
    [
        pytest.param(CLUSTER_UID, "Running", ["Pod", "DaskWorkerGroup", "Service"], id="own"),
        pytest.param(CLUSTER_UID, "Failed", ["DaskWorkerGroup", "Service"], id="own, ended"),
        pytest.param("a-stranger", "Running", [], id="a stranger's"),
    ],
)
def test_only_a_clusters_own_children_are_mended(owner: str, phase: str, mended: list[str]) -> None:
    """
    What somebody edited is patched if the cluster controls it; a Pod that ended is replaced.
    """
    labels = PodLabels("c", "other")
    scheduler = a_pod("c-scheduler", owner=owner, phase=phase, labels=labels)
    service = a_service(owner=owner, labels={})
    group = a_worker_group(owners=(owned_by(owner),), passed="9")

    plan = plan_cluster(ObservedCluster(a_cluster(), scheduler, service, group), NOW)

    patches = [action for action in plan.actions if isinstance(action, Patch)]
    assert mended == [patch.resource.kind for patch in patches]
