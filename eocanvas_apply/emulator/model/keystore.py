"""The keystore: storage credentials sealed by the service's public key, under names that are unique over all users."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from eocanvas_apply.emulator.model import clock
from eocanvas_apply.emulator.model.accounts import User
from eocanvas_apply.emulator.model.behaviour import Behaviour
from eocanvas_apply.emulator.model.messages import Refusal, coded


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


DEFAULT_LIFE = 3600
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]*")


@dataclass(frozen=True, slots=True)
class StoredKey:
    """One key. `expire` is its granted life in seconds, 0 for ever; `plaintext` is what the seal held."""

    name: str
    kind: str
    public: bool
    description: str
    owner: str
    created: datetime
    expire: int
    plaintext: bytes | None
    credentials: Credentials | None

    @property
    def ends(self) -> datetime | None:
        """The moment at which it expires, None for never."""
        return self.created + timedelta(seconds=self.expire) if self.expire else None

    def alive(self, at: datetime) -> bool:
        """Tell whether it has not expired."""
        return self.ends is None or at < self.ends


class Keystore:
    """All keys of all users. The built-in `eodata` has no owner, never expires and cannot be deleted."""

    def __init__(self, sealing: SealingKey, behaviour: Behaviour, began: datetime) -> None:
        self.behaviour = behaviour
        self._sealing = sealing
        self._keys: dict[str, StoredKey] = {
            "eodata": StoredKey("eodata", "S3", True, "EODATA", "wekeo", began, 0, None, None)  # noqa: FBT003 - public
        }
        self._freed: dict[str, datetime] = {}

    def create(self, user: User, body: object, at: datetime) -> None:
        """Store the keys of a POST, `{name: {type, expire, public, description, data}}`. Raises Refusal."""
        if not isinstance(body, dict) or not body:
            raise coded(400, "InvalidBody", "The body must be an object that maps a name to a key")
        new = [self._read(user, name, fields, at) for name, fields in body.items()]
        for key in new:
            self._check_name(user, key.name, at)
        self._keys.update({key.name: key for key in new})

    def take(self, key: StoredKey) -> None:
        """Take in a key that was made before the model began."""
        self._keys[key.name] = key

    def visible_to(self, user: User, at: datetime) -> list[StoredKey]:
        """Return the keys that the user may see."""
        return [key for key in self._keys.values() if self._may_see(user, key) and self._shown(key, at)]

    def shown_to(self, user: User, name: str, at: datetime) -> StoredKey:
        """Return one key. Raises Refusal (404, or 403 for another user's private key)."""
        key = self._keys.get(name)
        if key is None or not self._shown(key, at):
            raise coded(404, "KeyNotFound", f"Key {name} not found")
        if not self._may_see(user, key):
            raise self._foreign(name)
        return key

    def delete(self, user: User, name: str, at: datetime) -> None:
        """Remove a key of the user. Raises Refusal."""
        key = self.shown_to(user, name, at)
        if key.owner != user.name:
            raise coded(403, "Forbidden", f"Key {name} belongs to another user")
        del self._keys[name]
        self._freed[name] = at

    def usable_by(self, user: User, name: str, at: datetime) -> StoredKey:
        """Return the key that a launch names. Raises Refusal (400, 403)."""
        key = self.alive(name, at)
        if key is None:
            raise coded(400, "InvalidKey", f"keystore://{name} does not exist or has expired")
        if not _may_use(user, key):
            raise coded(403, "Forbidden", f"keystore://{name} belongs to another user")
        return key

    def alive(self, name: str, at: datetime) -> StoredKey | None:
        """Return the key if it exists and has not expired; this is how a job looks it up."""
        key = self._keys.get(name)
        return key if key is not None and key.alive(at) else None

    def __iter__(self) -> Iterator[StoredKey]:
        return iter(self._keys.values())

    def _read(self, user: User, name: str, fields: object, at: datetime) -> StoredKey:
        if _NAME.fullmatch(name) is None or name in ("cert", "eodata"):
            raise coded(400, "InvalidName", f"{name!r} cannot be the name of a key")
        if not isinstance(fields, dict) or fields.get("type") not in ("S3", "WEBDAV"):
            raise coded(400, "InvalidKey", "type must be S3 or WEBDAV")
        plaintext, credentials = self._open(fields)
        return StoredKey(
            name,
            fields["type"],
            fields.get("public") is True,
            str(fields.get("description") or ""),
            user.name,
            at,
            self._granted(fields.get("expire", DEFAULT_LIFE)),
            plaintext,
            credentials,
        )

    def _open(self, fields: dict[str, Any]) -> tuple[bytes | None, Credentials | None]:
        try:
            sealed = base64.b64decode(fields.get("data") or "", validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise coded(400, "InvalidKey", "data must be base64") from None
        plaintext = self._sealing.unseal(sealed)
        credentials = None if plaintext is None else read_credentials(fields["type"], plaintext)
        if credentials is None and self.behaviour.sealed_check == "at-post":
            raise coded(400, "InvalidKey", "data cannot be decrypted")
        return plaintext, credentials

    def _granted(self, asked: object) -> int:
        if not isinstance(asked, int) or isinstance(asked, bool) or asked < 0:
            raise coded(400, "InvalidKey", "expire must be a number of seconds")
        cap = self.behaviour.expire_cap
        return min(asked or cap, cap) if cap else asked

    def _check_name(self, user: User, name: str, at: datetime) -> None:
        live = self.alive(name, at)
        if live is not None and (live.owner != user.name or self.behaviour.live_name != "overwrite"):
            status = 400 if self.behaviour.live_name == "400" else 409
            raise coded(status, "KeyAlreadyExists", f"Key {name} already exists")
        held_until = self._held_until(name)
        if live is None and held_until is not None and at < held_until:
            raise coded(409, "KeyAlreadyExists", f"Key {name} is still being removed")

    def _held_until(self, name: str) -> datetime | None:
        key = self._keys.get(name)
        freed = self._freed.get(name) if key is None else key.ends
        return None if freed is None else freed + timedelta(seconds=self.behaviour.name_free_after)

    def _shown(self, key: StoredKey, at: datetime) -> bool:
        return key.alive(at) or self.behaviour.expired_keys == "shown"

    def _may_see(self, user: User, key: StoredKey) -> bool:
        return self.behaviour.key_list == "all" or _may_use(user, key)

    def _foreign(self, name: str) -> Refusal:
        if self.behaviour.foreign_key == "404":
            return coded(404, "KeyNotFound", f"Key {name} not found")
        return coded(403, "Forbidden", f"Key {name} belongs to another user")


def key_document(key: StoredKey, behaviour: Behaviour) -> dict[str, object]:
    """Return how the service shows a key; nothing of what is sealed in it."""
    ends = key.ends if behaviour.key_end == "shown" else None
    return {
        "name": key.name,
        "type": key.kind,
        "public": key.public,
        "description": key.description,
        "owner": _OWNERS[behaviour.key_owner](key.owner),
        "creationDate": clock.space(key.created),
        "expirationDate": None if ends is None else clock.space(ends),
        "expireSeconds": key.expire,
    }


_OWNERS: dict[str, Callable[[str], str | None]] = {
    "account": lambda name: name,
    "id": lambda name: str(uuid5(NAMESPACE_DNS, name)),
    "none": lambda name: None,  # noqa: ARG005
}


def _may_use(user: User, key: StoredKey) -> bool:
    return key.owner == user.name or key.public
