"""What a queue hands out."""

from daskop.workqueue.queue import WorkQueue


def drained(queue: WorkQueue[str]) -> list[str]:
    """Take and finish all that waits, and return it in its order."""
    items = []
    while len(queue):
        items.append(queue.get())
        queue.done(items[-1])
    return items
