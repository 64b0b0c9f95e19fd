"""From a user's PodSpec to a Pod."""

import copy
from pathlib import Path

import pytest
import yaml

from daskop.api.labels import reserved_labels
from daskop.api.podspec import TemplateMetadata
from daskop.plan.pod_template import pod, with_env
from daskop.plan.probes import lift_probe_fields
from tests.unit.builders import a_cluster, key

SEED = Path(__file__).parents[2] / "e2e" / "seed"


def test_probe_fields_are_lifted_from_the_handler() -> None:
    """
    The seed's probes end up with their delays where Kubernetes reads them.
    """
    manifest = yaml.safe_load((SEED / "cluster.yaml").read_text())
    (container,) = manifest["spec"]["scheduler"]["spec"]["containers"]

    lifted = lift_probe_fields(container)

    assert {"tcpSocket": {"port": "comm"}, "initialDelaySeconds": 5, "periodSeconds": 10} == lifted[
        "readinessProbe"
    ]


def test_a_probes_own_value_wins() -> None:
    """
    A field that stands in both places keeps the value that Kubernetes would have taken.
    """
    probe = {"httpGet": {"port": 1, "periodSeconds": 3}, "periodSeconds": 7}

    lifted = lift_probe_fields({"name": "c", "livenessProbe": probe})

    assert {"httpGet": {"port": 1}, "periodSeconds": 7} == lifted["livenessProbe"]


@pytest.mark.parametrize(
    "container",
    [
        pytest.param({"name": "c"}, id="no probe"),
        pytest.param({"name": "c", "livenessProbe": None}, id="null probe"),
        pytest.param({"name": "c", "livenessProbe": {"exec": {"command": []}}}, id="well formed"),
        pytest.param({"name": "c", "livenessProbe": {"tcpSocket": None}}, id="null handler"),
    ],
)
def test_other_containers_are_passed_on(container: dict[str, object]) -> None:
    """
    What needs no mending is the very same object afterwards.
    """
    assert container is lift_probe_fields(container)


def test_users_variables_win_and_come_after_ours() -> None:
    """
    A variable that the user sets is not set twice, and ours can be used in the user's.
    """
    spec = {"containers": [{"name": "c", "env": [{"name": "A", "value": "mine"}]}]}

    env = with_env(spec, {"A": "ours", "B": "ours"})["containers"][0]["env"]

    assert [{"name": "B", "value": "ours"}, {"name": "A", "value": "mine"}] == env


def test_the_template_is_not_changed() -> None:
    """
    Building a Pod leaves the user's spec as it was: it is shared with the cache.
    """
    spec = {"containers": [{"name": "c", "unknown": {"kept": 1}}], "newer": True}
    before = copy.deepcopy(spec)

    made = pod(key("p"), with_env(spec, {"A": "1"}), TemplateMetadata(), {"r": "1"}, a_cluster())

    assert before == spec
    assert (True, {"kept": 1}) == (
        made["spec"]["newer"],
        made["spec"]["containers"][0]["unknown"],
    )


def test_reserved_labels_win() -> None:
    """
    The user's labels are kept, except where selectors rest on ours; the Istio default yields.
    """
    user = TemplateMetadata(
        labels={"team": "a", "dask.org/component": "x", "sidecar.istio.io/inject": "true"},
        annotations={"note": "b"},
    )

    made = pod(key("p"), {"containers": []}, user, reserved_labels("c", "worker"), a_cluster())[
        "metadata"
    ]

    assert ("a", "worker", "true") == (
        made["labels"]["team"],
        made["labels"]["dask.org/component"],
        made["labels"]["sidecar.istio.io/inject"],
    )
    assert {"note": "b"} == made["annotations"]
