"""Encrypts a file as SOPS does, written from the facts of its format: a second implementation, to judge the first."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import Any

import pyrage
import yaml
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

WHEN = "2026-01-02T03:04:05Z"


def encrypted(
    data: dict[str, Any], *recipients: Any, only_encrypted: bool = False, plain: str = "_plain"
) -> dict[str, Any]:
    """Return a document with its values encrypted, those whose name ends with `plain` apart, and SOPS' own part."""
    key, digest = os.urandom(32), hashlib.sha512(hashlib.sha256(b"sops").digest() if only_encrypted else b"")

    def walk(value: Any, names: tuple[str, ...]) -> Any:
        if isinstance(value, dict):
            return {name: walk(each, (*names, name)) for name, each in value.items()}
        if isinstance(value, list):
            return [walk(each, names) for each in value]
        if value is None:
            return None
        stays = any(name.endswith(plain) for name in names)
        if not (only_encrypted and stays):
            digest.update(text_of(value).encode())
        return value if stays else sealed(value, "".join(f"{name}:" for name in names), key)

    document: dict[str, Any] = walk(data, ())
    document["sops"] = {
        "age": [
            {"recipient": str(each), "enc": pyrage.encrypt(key, [each], armored=True).decode()} for each in recipients
        ],
        "lastmodified": WHEN,
        "mac": sealed(digest.hexdigest().upper(), WHEN, key),
        "unencrypted_suffix": plain,
        "mac_only_encrypted": only_encrypted,
        "version": "3.9.4",
    }
    return document


def text_of(value: Any) -> str:
    return str(value)


def sealed(value: Any, bound_to: str, key: bytes) -> str:
    nonce = os.urandom(32)
    both = AESGCM(key).encrypt(nonce, text_of(value).encode(), bound_to.encode())
    parts = [base64.b64encode(part).decode() for part in (both[:-16], nonce, both[-16:])]
    kind = {str: "str", int: "int", float: "float", bool: "bool"}[type(value)]
    return f"ENC[AES256_GCM,data:{parts[0]},iv:{parts[1]},tag:{parts[2]},type:{kind}]"


def as_yaml(document: dict[str, Any]) -> bytes:
    return yaml.safe_dump(document, sort_keys=False).encode()


def as_json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=1).encode()
