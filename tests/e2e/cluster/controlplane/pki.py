"""Certificates, keys and tokens of one control plane; kubeadm makes them (0.5 s)."""

import base64
import hashlib
import itertools
import json
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.e2e.cluster.controlplane.errors import ControlPlaneError

ADVERTISED_ADDRESS: Final = "192.0.2.1"
"""Reserved for documentation (RFC 5737): no machine has it, and kubeadm refuses loopback."""

_KUBEADM_WITHIN_SECONDS: Final = 60

GROUPS: Final = {
    "admin": "system:masters",
    "kube-controller-manager": "",  # its rights come from the ClusterRoles every cluster is born with
    "kube-scheduler": "",
    "kwok": "system:masters",
}
"""The users of the token file, by the name of their kubeconfig."""


@dataclass(frozen=True, slots=True)
class Pki:
    """The files below *folder*, as kubeadm names them."""

    folder: Path
    issuer: str = "https://kubernetes.default.svc"

    @property
    def authority(self) -> Path:
        """The certificate that clients trust."""
        return self.folder / "ca.crt"

    @property
    def server_certificate(self) -> Path:
        """The API server's certificate, for 127.0.0.1."""
        return self.folder / "apiserver.crt"

    @property
    def server_key(self) -> Path:
        """The API server's key."""
        return self.folder / "apiserver.key"

    @property
    def token_key(self) -> Path:
        """Signs the tokens of service accounts: RSA, PKCS #1."""
        return self.folder / "sa.key"

    @property
    def token_public_key(self) -> Path:
        """Checks the tokens of service accounts."""
        return self.folder / "sa.pub"

    @property
    def token_file(self) -> Path:
        """The tokens of the admin and of the components."""
        return self.folder / "tokens.csv"

    def make(self, localkube: Path) -> dict[str, str]:
        """Make everything, and return the token of every user of the token file."""
        self.folder.mkdir(mode=0o700)
        # the token key first and in RSA; elliptic curves for the rest: 10 keys in no time
        self._kubeadm(localkube, "sa", "RSA-2048")
        self._kubeadm(localkube, "all", "ECDSA-P256")
        tokens = {user: secrets.token_urlsafe(24) for user in GROUPS}
        self.token_file.write_text("".join(_token_lines(tokens)))
        return tokens

    def _kubeadm(self, localkube: Path, what: str, algorithm: str) -> None:
        config = self.folder / f"kubeadm-{what}.yaml"
        config.write_text(kubeadm_config(self.folder, algorithm))
        result = subprocess.run(
            [localkube, "kubeadm", "init", "phase", "certs", what, f"--config={config}", "--v=1"],
            check=False,
            capture_output=True,
            text=True,
            timeout=_KUBEADM_WITHIN_SECONDS,
        )
        if result.returncode != 0:
            raise ControlPlaneError(
                f"kubeadm made no certificates (exit code {result.returncode}): {result.stderr[-500:]}"
            )

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Sign *claims* as the API server signs a service account's token (RS256)."""
        head, body = (
            _base64(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, claims)
        )
        signed = f"{head}.{body}"
        return f"{signed}.{_base64(_rsa_signature(self.token_key.read_text(), signed.encode()))}"


def kubeadm_config(folder: Path, algorithm: str) -> str:
    """Return what kubeadm must know; the version keeps it from asking the internet."""
    return f"""\
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint:
  advertiseAddress: {ADVERTISED_ADDRESS}
nodeRegistration:
  name: control-plane
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.34.0
certificatesDir: {json.dumps(str(folder))}
encryptionAlgorithm: {algorithm}
apiServer:
  certSANs:
  - 127.0.0.1
  - localhost
"""


def _token_lines(tokens: Mapping[str, str]) -> Iterator[str]:
    for user, token in tokens.items():
        name = f"system:{user}" if user.startswith("kube-") else user
        yield (
            f'{token},{name},{name},"{GROUPS[user]}"\n'
            if GROUPS[user]
            else f"{token},{name},{name}\n"
        )


def claims_of(token: str) -> dict[str, Any]:
    """Return what a token says, without checking it."""
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


_SHA256_DIGEST_INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")
"""What PKCS #1 v1.5 puts before a SHA-256 hash (RFC 8017, 9.2)."""


def _rsa_signature(pem: str, message: bytes) -> bytes:
    """Sign with PKCS #1 v1.5 and SHA-256, which saves a dependency for ten lines."""
    der = base64.b64decode("".join(pem.strip().splitlines()[1:-1]))
    _version, modulus, _public, private = itertools.islice(_der_integers(der), 4)
    size = (modulus.bit_length() + 7) // 8
    info = _SHA256_DIGEST_INFO + hashlib.sha256(message).digest()
    padded = b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info
    return pow(int.from_bytes(padded), private, modulus).to_bytes(size)


def _der_integers(der: bytes) -> Iterator[int]:
    """Yield the integers of a DER sequence of integers, which is what an RSA key is."""
    position = _der_length(der, 1)[1]
    while position < len(der):
        length, start = _der_length(der, position + 1)
        yield int.from_bytes(der[start : start + length])
        position = start + length


def _der_length(der: bytes, position: int) -> tuple[int, int]:
    """Return the length that stands at *position*, and where the content begins."""
    first = der[position]
    if first < 0x80:  # one byte
        return first, position + 1
    end = position + 1 + (first & 0x7F)
    return int.from_bytes(der[position + 1 : end]), end
