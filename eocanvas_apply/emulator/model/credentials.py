"""What is inside a sealed key, and the private key that opens it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


@dataclass(frozen=True, slots=True)
class S3Credentials:
    """Where a bucket is and what opens it; both keys empty means a public bucket, read without a signature."""

    access_key: str
    secret_key: str
    bucket: str
    endpoint: str
    region: str


@dataclass(frozen=True, slots=True)
class WebdavCredentials:
    """The collection's address and who may enter it."""

    endpoint: str
    username: str
    password: str


Credentials = S3Credentials | WebdavCredentials


class SealingKey:
    """The service's RSA key pair: everyone may read the public half, only the service opens what it sealed."""

    def __init__(self, private_key: rsa.RSAPrivateKey | None = None, bits: int = 2048) -> None:
        self._given = private_key
        self._bits = bits

    @cached_property
    def private_key(self) -> rsa.RSAPrivateKey:
        """The key that was given, or one made at first use (which takes a while)."""
        return self._given or rsa.generate_private_key(public_exponent=65537, key_size=self._bits)

    @cached_property
    def public_pem(self) -> bytes:
        """The public half as PEM, SubjectPublicKeyInfo."""
        public = self.private_key.public_key()
        return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def unseal(self, sealed: bytes) -> bytes | None:
        """Return what was sealed with PKCS#1 v1.5, None when that is impossible.

        A tampered text may come back as random bytes instead of failing, so only its JSON can be trusted.
        """
        try:
            return self.private_key.decrypt(sealed, padding.PKCS1v15())
        except ValueError:
            return None


def read_credentials(kind: str, plaintext: bytes) -> Credentials | None:
    """Return the credentials that a key's plaintext holds, None when it is not JSON with the right fields."""
    try:
        document = json.loads(plaintext)
    except ValueError:
        return None
    shape: type[S3Credentials] | type[WebdavCredentials]
    shape = S3Credentials if kind == "S3" else WebdavCredentials
    names = shape.__slots__
    if not isinstance(document, dict) or not all(isinstance(document.get(name), str) for name in names):
        return None
    return shape(**{name: document[name] for name in names})
