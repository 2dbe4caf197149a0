"""Ed25519 signatures of manifests, which ``openssl pkeyutl`` can verify."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

ALGORITHM = "Ed25519"


class BadKey(ValueError):
    """The text is not an unencrypted Ed25519 private key in PEM form."""


class SigningKey:
    """A private key. The same key and content always give the same signature (RFC 8032)."""

    def __init__(self, pem: str) -> None:
        """Read the key.

        Raises:
            BadKey: ``pem`` is not what ``openssl genpkey -algorithm ed25519`` writes.
        """
        try:
            key = load_pem_private_key(pem.strip().encode() + b"\n", password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise BadKey from error
        if not isinstance(key, Ed25519PrivateKey):
            raise BadKey
        self._key = key

    @property
    def public_pem(self) -> str:
        """The public key in PEM form."""
        key = self._key.public_key()
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, content: bytes) -> bytes:
        """Return the signature of ``content``, 64 bytes."""
        return self._key.sign(content)


def is_valid(*, public_pem: str, content: bytes, signature: bytes) -> bool:
    """Whether ``signature`` is that of ``content`` by the owner of the key.

    Raises:
        ValueError: ``public_pem`` is not a public key.
    """
    key = load_pem_public_key(public_pem.encode())
    if not isinstance(key, Ed25519PublicKey):
        return False
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
