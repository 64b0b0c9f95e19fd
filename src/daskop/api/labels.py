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
    The labels of a Pod that selectors rest on; empty where it lacks one.

    Others that we reserve are for people, and policies in a cluster may have a mind of their own
    about them: to put those back could go on for ever.
    """

    cluster: str = ""
    component: str = ""
    group: str = ""

    @classmethod
    def of(cls, labels: Manifest) -> "PodLabels":
        """Read them from all labels of a Pod."""
        # One string for all Pods of a group, instead of one for each.
        return cls(*[sys.intern(labels.get(name, "")) for name in SELECTED_BY])
