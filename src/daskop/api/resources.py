"""The table of the resources that the operator reads and writes."""

from dataclasses import dataclass

from daskop.api.wellknown import GROUP, VERSION


@dataclass(frozen=True, slots=True)
class Resource:
    """A namespaced resource of the API; *group* is empty for the core group."""

    group: str
    version: str
    plural: str
    kind: str

    @property
    def api_version(self) -> str:
        """``apiVersion`` of its objects."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The URL's path: of all objects, of a namespace's, of one object, or of a part of it."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        parts = [root]
        if namespace:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/".join(parts)


PODS = Resource("", "v1", "pods", "Pod")
SERVICES = Resource("", "v1", "services", "Service")
QUOTAS = Resource("", "v1", "resourcequotas", "ResourceQuota")
CLUSTERS = Resource(GROUP, VERSION, "daskclusters", "DaskCluster")
WORKER_GROUPS = Resource(GROUP, VERSION, "daskworkergroups", "DaskWorkerGroup")
JOBS = Resource(GROUP, VERSION, "daskjobs", "DaskJob")
EVENTS = Resource("", "v1", "events", "Event")
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
