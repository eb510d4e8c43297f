"""Sealing: a key's secrets under the service's public key, in memory only."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import ManifestError, ServiceError
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.vocabulary import StorageType

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

# The service reads these fields; their order is the one its own client sends.
FIELDS = {
    StorageType.S3: ("secret_key", "access_key", "bucket", "endpoint", "region"),
    StorageType.WEBDAV: ("endpoint", "username", "password"),
}


# What is sealed under a shorter key can be read by others.
_SHORTEST_BITS = 2048


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The RSA key under which the keystore takes secrets."""

    _key: RSAPublicKey = field(repr=False)

    @classmethod
    def from_pem(cls, pem: bytes) -> PublicKey:
        """Read a SubjectPublicKeyInfo in PEM; raise ServiceError when it is none, or no RSA key that is safe."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        try:
            key = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm):
            raise _unusable("is not a public key in PEM") from None
        if not isinstance(key, RSAPublicKey):
            raise _unusable("is not an RSA key")
        if key.key_size < _SHORTEST_BITS:
            raise _unusable(f"has {key.key_size} bits, which are too few: at least {_SHORTEST_BITS} are safe")
        return cls(key)

    @property
    def bits(self) -> int:
        """The length of the modulus: 2048, 3072, ..."""
        return self._key.key_size

    @property
    def digest(self) -> str:
        """The SHA-256 of its SubjectPublicKeyInfo in DER, in hex: `openssl pkey -pubin -outform DER | sha256sum`."""
        import hashlib

        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return hashlib.sha256(self._key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()

    @property
    def limit(self) -> int:
        """How many bytes can be sealed: 245 for 2048 bits, as the padding takes 11."""
        return (self.bits + 7) // 8 - 11

    def seal(self, plain: bytes) -> str:
        """Return the RSA PKCS#1 v1.5 ciphertext in base64, another one every time.

        Raises ManifestError when the text is longer than `limit`.
        """
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        if len(plain) > self.limit:
            message = f"the key's fields take {len(plain)} bytes, the service's key seals {self.limit}"
            raise ManifestError(error("sealed-too-long", message, "Use shorter names or credentials."))
        return base64.b64encode(self._key.encrypt(plain, PKCS1v15())).decode()


def plaintext(storage: StorageType, fields: Mapping[str, str | Secret]) -> bytes:
    """Return what is sealed for a key of this storage type: JSON in UTF-8, short, in the service's order.

    `fields` holds secret_key, access_key, bucket, endpoint and region, or endpoint, username and password;
    what is left out is sent empty, as the secrets of a public bucket are.
    """
    values = {name: value.reveal() if isinstance(value, Secret) else value for name, value in fields.items()}
    ordered = {name: values.get(name, "") for name in FIELDS[storage]}
    return json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode()


def _unusable(why: str) -> ServiceError:
    hint = "No key can be created until the service corrects it; jobs whose keys exist go on."
    return ServiceError(error("bad-public-key", f"GET /keys/cert/public: the service's key {why}", hint))
