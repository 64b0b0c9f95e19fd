"""The values of the chart: each does what it says, and no other is taken."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from daskop.cli import run
from tests.e2e.cluster.manifests import CHART
from tests.e2e.controlplane.helm import Helm
from tests.e2e.controlplane.rendering import container, deployment, levelled

SCHEMA: Final = json.loads((CHART / "values.schema.json").read_text())


@pytest.fixture
def helm(tmp_path: Path) -> Helm:
    """Helm without a cluster."""
    return Helm(tmp_path)


def test_settings_arrive_as_the_command_reads_them(helm: Helm) -> None:
    """
    Each setting, the namespaces and other variables are ones that daskop run takes as written.
    """
    values = {
        "namespaces": ('["team-a","team-b"]', ("team-a", "team-b")),
        "settings.workers": ("3", 3),
        "settings.parallelRequests": ("5", 5),
        "settings.qps": ("2500000.5", 2500000.5),
        "settings.burst": ("3000000", 3_000_000),
        "settings.logFormat": ('"json"', "json"),
    }
    given = [f"{name}={text}" for name, (text, _) in values.items()]
    extra = 'extraEnv=[{"name":"HTTPS_PROXY","value":"http://proxy"}]'

    env = container(deployment(helm, *given, extra))["env"]

    environment = {variable["name"]: variable["value"] for variable in env}
    assert "http://proxy" == environment.pop("HTTPS_PROXY")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        read = run.make_context("run", []).params
    assert len(values) == len(environment)
    words = {"parallelRequests": "parallel_requests", "logFormat": "log_format"}
    for name, (_, expected) in values.items():
        last = name.rpartition(".")[2]
        assert expected == read[words.get(last, last)]


def test_variables_of_settings_are_not_set_twice(helm: Helm) -> None:
    """
    The other variables may be none that settings or namespaces become; the error names each one.
    """
    settings = SCHEMA["properties"]["settings"]["properties"]
    given = {name: "json" if name == "logFormat" else 1 for name in settings}
    names = [
        variable["name"]
        for variable in container(
            deployment(helm, f"settings={json.dumps(given)}", 'namespaces=["team-a"]')
        )["env"]
    ]
    twice = json.dumps([{"name": name, "value": "1"} for name in [*names, "DASKOP_WORKERS_2"]])

    refused = helm.try_template(f"extraEnv={twice}")

    assert 1 + len(settings) == len(names)
    said = re.findall(r"/extraEnv/(\d+)/name", refused.stderr)
    assert list(range(len(names))) == sorted(int(index) for index in said)


def test_zero_is_a_setting_too(helm: Helm) -> None:
    """
    A qps of 0 is passed on, and what is left out, or null, is not.
    """
    env = container(deployment(helm, "settings.qps=0", "settings.workers=null"))["env"]

    assert [{"name": "DASKOP_QPS", "value": "0"}] == env
    assert "env" not in container(deployment(helm))


@pytest.mark.parametrize(
    ("values", "image"),
    [
        ((), "daskop:0.1.0"),
        (('image.repository="r.example/d"', 'image.tag="9"'), "r.example/d:9"),
        ((f'image.digest="sha256:{"0" * 64}"',), f"daskop:0.1.0@sha256:{'0' * 64}"),
    ],
)
def test_the_image_is_named_by_its_parts(helm: Helm, values: tuple[str, ...], image: str) -> None:
    """
    Repository, tag and digest make the image's name, in the way of container registries.
    """
    assert image == container(deployment(helm, *values))["image"]


def test_text_like_a_number_stays_text(tmp_path: Path) -> None:
    """
    Names of digits, or that YAML takes for true, are text wherever they stand.
    """
    objects = Helm(tmp_path, "456").template(
        'namespaces=["123","on"]',
        'priorityClassName="true"',
        'image.repository="1"',
        'image.tag="30"',
        "replicas=2",
        "monitoring.enabled=true",
        release="789",
    )

    metadata = [found["metadata"] for found in objects]
    assert {"123", "456", "on", None} == {one.get("namespace") for one in metadata}
    assert {"789"} == {one["labels"]["app.kubernetes.io/instance"] for one in metadata}
    accounts = [one for found in objects for one in found.get("subjects", [])]
    assert ["456"] * 3 == [account["namespace"] for account in accounts]
    (pod,) = (o["spec"]["template"]["spec"] for o in objects if o["kind"] == "Deployment")
    (operator,) = pod["containers"]
    assert ("true", "1:30") == (pod["priorityClassName"], operator["image"])
    assert [{"name": "DASKOP_NAMESPACES", "value": "123 on"}] == operator["env"]


def test_values_of_the_pod_arrive(helm: Helm) -> None:
    """
    What is said about the Pod, where it may run and as whom stands in the manifests as it was given.
    """
    toleration = [{"key": "a", "operator": "Exists"}]
    objects = helm.template(
        'image.pullSecrets=[{"name":"s"}]',
        'nodeSelector={"disk":"ssd"}',
        'tolerations=[{"key":"a","operator":"Exists"}]',
        'affinity={"nodeAffinity":{"x":"y"}}',
        'priorityClassName="high"',
        'podAnnotations={"a":"b"}',
        'podLabels={"c":"d"}',
        'serviceAccount.annotations={"e":"f"}',
        'resources={"limits":{"memory":"1Gi"},"requests":null}',
    )

    found = {kind: one for (_, kind, _, name), one in levelled(objects).items() if name == "daskop"}
    pod = found["Deployment"]["spec"]["template"]
    assert [{"name": "s"}] == pod["spec"]["imagePullSecrets"]
    assert ({"disk": "ssd"}, toleration) == (
        pod["spec"]["nodeSelector"],
        pod["spec"]["tolerations"],
    )
    assert {"nodeAffinity": {"x": "y"}} == pod["spec"]["affinity"]
    assert "high" == pod["spec"]["priorityClassName"]
    labels = {"app.kubernetes.io/name": "daskop", "c": "d"}
    assert {"annotations": {"a": "b"}, "labels": labels} == pod["metadata"]
    assert {"e": "f"} == found["ServiceAccount"]["metadata"]["annotations"]
    assert {"limits": {"memory": "1Gi"}} == container(found["Deployment"])["resources"]


@pytest.mark.parametrize(
    ("value", "peers"),
    [
        ("networkPolicy.from=[]", []),
        ('networkPolicy.from=[{"podSelector":{}}]', [{"podSelector": {}}]),
    ],
)
def test_metrics_are_for_the_chosen_alone(helm: Helm, value: str, peers: list[Any]) -> None:
    """
    The port of the metrics is open to the peers that are given; an empty list opens it to nobody.
    """
    (policy,) = (one for one in helm.template(value) if one["kind"] == "NetworkPolicy")

    rules = {port["port"]: rule for rule in policy["spec"]["ingress"] for port in rule["ports"]}
    assert peers == rules.get("metrics", {}).get("from", [])
    assert bool(peers) == ("metrics" in rules)
    assert {"ports": [{"port": "health"}]} == rules["health"]


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        ("crds.install=false", {"CustomResourceDefinition"}),
        ("networkPolicy.enabled=false", {"NetworkPolicy"}),
        ("replicas=2", {"PodDisruptionBudget"}),
    ],
)
def test_parts_come_and_go(helm: Helm, value: str, kinds: set[str]) -> None:
    """
    A switch adds or takes away the objects that it names, and no others.
    """
    before, after = levelled(helm.template()), levelled(helm.template(value))

    assert kinds == {kind for _, kind, _, _ in before.keys() ^ after.keys()}


def test_prometheus_finds_its_objects_by_your_labels(helm: Helm) -> None:
    """
    Labels for the monitoring are on its objects beside their own, and on no others.
    """
    values = ("monitoring.enabled=true", 'monitoring.labels={"release":"prometheus"}')
    labelled = {
        kind
        for (_, kind, _, _), found in levelled(helm.template(*values)).items()
        if found["metadata"].get("labels", {}).items()
        >= {"release": "prometheus", "app.kubernetes.io/name": "daskop"}.items()
    }

    assert {"ConfigMap", "PodMonitor", "PrometheusRule", "ServiceMonitor"} == labelled


def test_roles_of_users_can_be_left_out(helm: Helm) -> None:
    """
    Without aggregatedRoles the operator's own ClusterRole is the only one.
    """
    objects = helm.template("aggregatedRoles=false")

    assert ["daskop"] == [o["metadata"]["name"] for o in objects if o["kind"] == "ClusterRole"]


@pytest.mark.parametrize(("keep", "policy"), [("true", "keep"), ("false", None)])
def test_crds_say_whether_they_stay(helm: Helm, keep: str, policy: str | None) -> None:
    """
    Each CRD has Helm's annotation that keeps it, unless that is not wanted.
    """
    crds = [
        o for o in helm.template(f"crds.keep={keep}") if o["kind"] == "CustomResourceDefinition"
    ]

    said = [crd["metadata"].get("annotations", {}).get("helm.sh/resource-policy") for crd in crds]
    assert [policy] * 3 == said


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("replica=2", "'replica'"),
        ("replicas=-1", "/replicas"),
        ('replicas="two"', "/replicas"),
        ('namespaces=["Team_A"]', "/namespaces/0"),
        ('namespaces="team-a"', "/namespaces"),
        ('image.pullPolicy="Sometimes"', "/image/pullPolicy"),
        ('image.digest="latest"', "/image/digest"),
        ("settings.worker=3", "'worker'"),
        ("settings.workers=65", "/settings/workers"),
        ('settings.qps="fast"', "/settings/qps"),
        ('settings.logFormat="xml"', "/settings/logFormat"),
        ('crds.install="maybe"', "/crds/install"),
        ("networkPolicy.from=[{}]", "/networkPolicy/from/0"),
        ('podLabels={"app.kubernetes.io/name":"other"}', "/podLabels"),
        ('resources={"limit":{}}', "'limit'"),
        ("image=null", "missing property 'image'"),
        ("monitoring=null", "missing property 'monitoring'"),
        ("crds.install=null", "/crds"),
    ],
)
def test_a_bad_value_is_refused_by_its_name(helm: Helm, value: str, words: str) -> None:
    """
    A value that does not exist, or cannot be, ends in an error that names it.
    """
    refused = helm.try_template(value)

    assert 0 != refused.returncode
    assert words in refused.stderr
