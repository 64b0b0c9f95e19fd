"""Kubeconfigs and tokens."""

import base64
import hashlib
from pathlib import Path

import yaml

from tests.e2e.cluster.controlplane.kubeconfig import kubeconfig, write_private
from tests.e2e.cluster.controlplane.pki import Pki, claims_of, kubeadm_config

_PUBLIC = 65537
_P, _Q = 2**521 - 1, 2**607 - 1  # Mersenne primes: a key that nobody can take for a secret
_MODULUS = _P * _Q


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    long = size.to_bytes((size.bit_length() + 7) // 8)
    head = bytes([size]) if size < 128 else bytes([0x80 | len(long)]) + long
    return bytes([tag]) + head + content


def an_rsa_key() -> str:
    """Return a private key in the form that kubeadm writes (PKCS #1)."""
    private = pow(_PUBLIC, -1, (_P - 1) * (_Q - 1))
    numbers = (0, _MODULUS, _PUBLIC, private, _P, _Q)
    integers = [der(2, n.to_bytes(n.bit_length() // 8 + 1)) for n in numbers]
    body = base64.encodebytes(der(0x30, b"".join(integers))).decode()
    return f"-----BEGIN RSA PRIVATE KEY-----\n{body}-----END RSA PRIVATE KEY-----\n"


def test_a_kubeconfig_verifies_the_server() -> None:
    """
    The authority's certificate is in the file, and nothing turns the verification off.
    """
    content = yaml.safe_load(kubeconfig("https://127.0.0.1:3", b"PEM", "me", "secret", "ns"))

    cluster = content["clusters"][0]["cluster"]
    assert "https://127.0.0.1:3" == cluster["server"]
    assert b"PEM" == base64.b64decode(cluster["certificate-authority-data"])
    assert "insecure-skip-tls-verify" not in cluster


def test_a_kubeconfig_is_one_users_in_one_namespace() -> None:
    """
    The current context joins the user's token and namespace with the cluster.
    """
    content = yaml.safe_load(kubeconfig("https://127.0.0.1:3", b"PEM", "me", "secret", "ns"))

    assert [{"name": "me", "user": {"token": "secret"}}] == content["users"]
    context = {"cluster": "control-plane", "user": "me", "namespace": "ns"}
    assert [{"name": content["current-context"], "context": context}] == content["contexts"]


def test_a_kubeconfig_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    """
    A file with a token in it has mode 0600.
    """
    path = write_private(tmp_path / "kubeconfig", "token")

    assert (0o600, "token") == (path.stat().st_mode & 0o777, path.read_text())


def test_kubeadm_is_told_the_version_and_the_address() -> None:
    """
    With a version kubeadm does not ask the internet; clients come to 127.0.0.1.
    """
    _, cluster = yaml.safe_load_all(kubeadm_config(Path("/data/pki"), "RSA-2048"))

    assert cluster["kubernetesVersion"].startswith("v1.")
    assert "127.0.0.1" in cluster["apiServer"]["certSANs"]
    assert ("/data/pki", "RSA-2048") == (
        cluster["certificatesDir"],
        cluster["encryptionAlgorithm"],
    )


def test_a_token_is_signed_with_the_key(tmp_path: Path) -> None:
    """
    With the public key the signature turns into the padded hash of head and claims (RS256).
    """
    pki = Pki(tmp_path)
    pki.token_key.write_text(an_rsa_key())

    head, body, signature = pki.sign({"sub": "me"}).split(".")

    number = int.from_bytes(base64.urlsafe_b64decode(signature + "=="))
    padded = pow(number, _PUBLIC, _MODULUS).to_bytes((_MODULUS.bit_length() + 7) // 8)
    assert padded.startswith(b"\x00\x01\xff")
    assert padded.endswith(hashlib.sha256(f"{head}.{body}".encode()).digest())


def test_the_claims_of_a_token_can_be_read_back(tmp_path: Path) -> None:
    """
    Whatever was signed is what the token says, for every length of padding.
    """
    pki = Pki(tmp_path)
    pki.token_key.write_text(an_rsa_key())

    claims = [{"sub": "x" * length} for length in range(4)]

    assert claims == [claims_of(pki.sign(claim)) for claim in claims]
