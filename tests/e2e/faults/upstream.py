"""The API server behind the proxy, as a kubeconfig describes it."""

import asyncio
import base64
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from tests.e2e.cluster.controlplane.kubeconfig import write_private

Json = dict[str, Any]

_CREDENTIALS: Final = ("client-certificate", "client-key")


@dataclass(frozen=True, slots=True)
class Upstream:
    """
    Where requests are forwarded to.

    Attributes:
        host: Of the API server.
        port: Of the API server.
        tls: Verifies it, and has the client's certificate if there is one.
    """

    host: str
    port: int
    tls: ssl.SSLContext

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection."""
        return await asyncio.open_connection(self.host, self.port, ssl=self.tls)


def load(kubeconfig: Path, folder: Path) -> Upstream:
    """Return what the current context of *kubeconfig* describes; keys are put in *folder*."""
    cluster, user, _ = _current(kubeconfig)
    url = urlsplit(cluster["server"])
    assert url.scheme == "https", url
    assert url.hostname, url
    tls = ssl.create_default_context(
        cafile=_file("certificate-authority", cluster, kubeconfig, folder)
    )
    certificate, key = (_file(part, user, kubeconfig, folder) for part in _CREDENTIALS)
    if certificate is not None:
        tls.load_cert_chain(certificate, key)
    return Upstream(url.hostname, url.port or 443, tls)


def kubeconfig_of_proxy(kubeconfig: Path, server: str) -> str:
    """Return *kubeconfig* with *server* in place of its own, and without what is for TLS."""
    _, user, context = _current(kubeconfig)
    for credential in _CREDENTIALS:  # the proxy shows them
        user.pop(credential, None)
        user.pop(f"{credential}-data", None)
    if "tokenFile" in user:
        user["tokenFile"] = str(kubeconfig.parent / user["tokenFile"])
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "proxy", "cluster": {"server": server}}],
        "users": [{"name": context["user"], "user": user}],
        "contexts": [{"name": "proxy", "context": {**context, "cluster": "proxy"}}],
        "current-context": "proxy",
    }
    return yaml.safe_dump(content, sort_keys=False)


def _current(kubeconfig: Path) -> tuple[Json, Json, Json]:
    """Return the cluster, the user and the context that are in force."""
    content = yaml.safe_load(kubeconfig.read_text())
    context = _named(content, "context", content["current-context"])
    cluster = _named(content, "cluster", context["cluster"])
    return cluster, _named(content, "user", context["user"]), context


def _named(content: Json, kind: str, name: str) -> Json:
    found: Json = next(entry[kind] for entry in content[f"{kind}s"] if entry["name"] == name)
    return found


def _file(part: str, of: Json, kubeconfig: Path, folder: Path) -> str | None:
    """Return the path of a certificate or key that is named, or given as data; or None."""
    if data := of.get(f"{part}-data"):
        return str(write_private(folder / f"{part}.pem", base64.b64decode(data).decode()))
    return str(kubeconfig.parent / of[part]) if part in of else None
