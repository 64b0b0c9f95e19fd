"""Free ports on loopback."""

import random
import socket
from dataclasses import dataclass
from typing import Self

_FIRST, _LAST = 20_000, 29_999
"""Below what kernels hand out to outgoing connections (from 32768) and below NodePorts (30000):
a stopped component finds its port still free when it starts again."""

_RANDOM = random.SystemRandom()  # a seeded generator would give two test runs the same ports


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one control plane."""

    etcd: int
    etcd_peer: int
    apiserver: int

    @classmethod
    def choose(cls) -> Self:
        """Choose three ports that are free now; nothing keeps them free until they are bound."""
        return cls(*free_ports(3))


def free_ports(count: int) -> list[int]:
    """
    Return *count* different ports of loopback that are free now.

    Raises:
        OSError: If none can be found.
    """
    found: list[int] = []
    for port in _RANDOM.sample(range(_FIRST, _LAST + 1), 100 + count):
        if is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"no {count} free ports on 127.0.0.1 between {_FIRST} and {_LAST}")


def is_free(port: int) -> bool:
    """Whether *port* of loopback can be bound; connections that are closing do not count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the Go components do
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
