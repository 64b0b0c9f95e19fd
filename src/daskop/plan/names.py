"""Every derived name. Their lengths bound those of the kinds (``name_limit`` in ``api``)."""

import hashlib


class Naming:
    """The names of the seed's document, scheme ``classic``."""

    @staticmethod
    def scheduler(cluster: str) -> str:
        """The scheduler's Pod."""
        return f"{cluster}-scheduler"

    @staticmethod
    def service(cluster: str) -> str:
        """The scheduler's Service."""
        return f"{cluster}-service"

    @staticmethod
    def default_group(cluster: str) -> str:
        """The worker group that comes with a cluster."""
        return f"{cluster}-default-worker-group"

    @staticmethod
    def worker(group: str, uid: str, number: int) -> str:
        """
        Worker *number* of the group with this *uid*.

        A function of its arguments alone, so that a create which is repeated after a crash, a
        lost answer or by a second leader meets the first one's Pod instead of making another.
        """
        digest = hashlib.sha256(f"{uid}/{number}".encode()).hexdigest()
        return f"{group}-worker-{digest[:10]}"

    @staticmethod
    def job_cluster(job: str) -> str:
        """The job's cluster."""
        return f"{job}-cluster"

    @staticmethod
    def runner(job: str) -> str:
        """The job's runner Pod."""
        return f"{job}-runner"
