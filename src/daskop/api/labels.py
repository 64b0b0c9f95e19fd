"""The labels that every child carries: what selectors rest on, and what tools show."""

import sys
from typing import NamedTuple

from daskop.api.meta import Manifest
from daskop.api.wellknown import CLUSTER_NAME_LABEL, COMPONENT_LABEL, GROUP_NAME_LABEL

SELECTED_BY = (CLUSTER_NAME_LABEL, COMPONENT_LABEL, GROUP_NAME_LABEL)
"""Labels that selectors rest on."""


def reserved_labels(cluster: str, component: str, group: str = "") -> dict[str, str]:
    """The labels of a child of *cluster*, of a worker also its *group*; they win over a user's."""
    return {
        CLUSTER_NAME_LABEL: cluster,
        COMPONENT_LABEL: component,
        **({GROUP_NAME_LABEL: group} if group else {}),
        "app.kubernetes.io/name": "dask",
        "app.kubernetes.io/instance": cluster,
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/managed-by": "daskop",
        "app.kubernetes.io/part-of": "dask",
    }


class PodLabels(NamedTuple):
    """
    The reserved labels of a Pod; empty where it lacks one that selectors rest on.

    Attributes:
        intact: Whether the others say what they have to beside these.
    """

    cluster: str = ""
    component: str = ""
    group: str = ""
    intact: bool = True

    @classmethod
    def of(cls, labels: Manifest) -> "PodLabels":
        """Read them from all labels of a Pod."""
        # One string for all Pods of a group, instead of one for each.
        cluster, component, group = (sys.intern(labels.get(name, "")) for name in SELECTED_BY)
        intact = labels.items() >= reserved_labels(cluster, component, group).items()
        return cls(cluster, component, group, intact)
