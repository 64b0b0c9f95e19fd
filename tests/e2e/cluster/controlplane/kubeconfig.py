"""Kubeconfig files, with the authority's certificate and the token in them."""

import base64
from pathlib import Path

import yaml


def kubeconfig(server: str, authority: bytes, user: str, token: str, namespace: str) -> str:
    """Return a kubeconfig for one user of one server, which is verified."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "control-plane",
                "cluster": {
                    "server": server,
                    "certificate-authority-data": base64.b64encode(authority).decode(),
                },
            }
        ],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [
            {
                "name": "control-plane",
                "context": {"cluster": "control-plane", "user": user, "namespace": namespace},
            }
        ],
        "current-context": "control-plane",
    }
    return yaml.safe_dump(content, sort_keys=False)


def write_private(path: Path, content: str) -> Path:
    """Write *content* to *path*, readable by us only from the first byte on."""
    path.touch(mode=0o600)
    path.write_text(content)
    return path
