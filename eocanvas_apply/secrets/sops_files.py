"""Files encrypted with SOPS: one value of a YAML or JSON file, decrypted with an age key in this process.

SOPS keeps the structure of a file and encrypts each value by AES-256-GCM under one data key, with the names on the way
to the value as additional data; the data key stands in the file, encrypted for each recipient. A code over all values
(SHA-512) shows whether one was changed, removed or taken from an earlier version. No request is sent: a file for other
recipients (cloud services, PGP) is read by the sops program, which `{command: [sops, ...]}` runs.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from msgspec import Struct

from eocanvas_apply.diagnostics import did_you_mean, error
from eocanvas_apply.errors import ManifestError

if TYPE_CHECKING:
    from pyrage import Identity

_CODE = "secret-sops"
_METADATA = "sops"
_ENCRYPTED = re.compile(r"ENC\[AES256_GCM,data:([^,]*),iv:([^,]*),tag:([^,]*),type:\w+\]")
_MOST_VALUES = 100_000
_WITH_THE_PROGRAM = "the sops program reads it: {command: [sops, decrypt, --extract, '[\"NAME\"]', FILE]}"
_ANEW = "change it with `sops edit`, or take it from Git again"


class SopsFile(Struct, frozen=True):
    """The content of one file; `name` is how the manifest writes its path."""

    name: str
    content: bytes

    def value(self, at: str, identities: Sequence[Identity]) -> str:
        """Return the value at a path such as `a.b`, decrypted with one of these age identities.

        Raises ManifestError, code `secret-sops`; no message holds a value of the file.
        """
        try:
            data, metadata = self._parsed()
            names, found = self._at(data, at)
            key = self._data_key(metadata, identities)
            self._check_all(data, metadata, key)
            return self._text(found, names, key)
        except RecursionError:
            self._fail("is nested too deeply", "keep secrets in a file of their own")
        except ValueError:
            # A number of thousands of digits, half a character.
            self._fail("holds a value that sops does not write", _ANEW)

    def _parsed(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        try:
            data = json.loads(self.content) if self.name.lower().endswith(".json") else _yaml(self.content)
        except ValueError:
            # The exception may repeat what stands there.
            self._fail("cannot be read as one document of YAML or JSON", _WITH_THE_PROGRAM)
        metadata = data.get(_METADATA) if isinstance(data, dict) else None
        if not isinstance(metadata, dict) or not isinstance(metadata.get("mac"), str):
            if isinstance(data, str) and _ENCRYPTED.search(data):
                self._fail("is encrypted with SOPS, but is neither YAML nor JSON", _WITH_THE_PROGRAM)
            self._fail("is not encrypted with SOPS", "encrypt it; if others saw it, change the secrets in it")
        return {name: value for name, value in data.items() if name != _METADATA}, metadata

    def _at(self, data: Any, at: str) -> tuple[tuple[str, ...], Any]:
        """Return what stands at a path, and the names on the way to it, to which a list adds none."""
        names: tuple[str, ...] = ()
        rest = f"{at}."
        while rest:
            # A name may hold dots itself, such as tls.key.
            name = min((each for each in _names(data) if rest.startswith(f"{each}.")), key=len, default=None)
            if name is None:
                near = did_you_mean(rest.split(".")[0], _names(data)) if isinstance(data, dict) else ""
                self._fail(f"has nothing at {at!r}", near or "`at` names the way to the value, such as a.b")
            data, names = (data[name], (*names, name)) if isinstance(data, dict) else (data[int(name)], names)
            rest = rest[len(name) + 1 :]
        if isinstance(data, dict | list) or data is None:
            self._fail(f"has no single value at {at!r}", "`at` names the way to one value, such as a.b")
        return names, data

    def _data_key(self, metadata: Mapping[str, Any], identities: Sequence[Identity]) -> bytes:
        from pyrage import DecryptError, decrypt

        listed = metadata.get("age")
        recipients = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        if not recipients:
            self._fail("is not encrypted for an age key", _WITH_THE_PROGRAM)
        if not identities:
            self._fail("needs an age key, and none is set", "set SOPS_AGE_KEY_FILE, or SOPS_AGE_KEY")
        for recipient in recipients:
            with suppress(DecryptError, ValueError):
                return bytes(decrypt(str(recipient.get("enc", "")).encode(), list(identities)))
        return self._fail(
            "is encrypted for other age keys", "SOPS_AGE_KEY_FILE or SOPS_AGE_KEY must hold one of its keys"
        )

    def _check_all(self, data: Mapping[str, Any], metadata: Mapping[str, Any], key: bytes) -> None:
        """Fail where the code over all values is not that of the file."""
        only_encrypted = metadata.get("mac_only_encrypted") is True
        # With this beginning the code over encrypted values alone is never that over all.
        digest = hashlib.sha512(hashlib.sha256(b"sops").digest() if only_encrypted else b"")
        for number, (names, value) in enumerate(_nodes(data, ())):
            if number == _MOST_VALUES:
                self._fail(f"has more than {_MOST_VALUES:,} values", "keep secrets in a file of their own")
            counts = value is not None and not isinstance(value, dict | list)
            if counts and (not only_encrypted or _is_encrypted(value)):
                digest.update(self._text(value, names, key).encode())
        if self._decrypted(metadata["mac"], str(metadata.get("lastmodified")), key).casefold() != digest.hexdigest():
            self._fail("was changed after it was encrypted", _ANEW)

    def _text(self, value: Any, names: tuple[str, ...], key: bytes) -> str:
        if not _is_encrypted(value):
            return _plain_text(value)
        return self._decrypted(value, "".join(f"{name}:" for name in names), key)

    def _decrypted(self, value: str, bound_to: str, key: bytes) -> str:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        parts = _ENCRYPTED.findall(value)
        try:
            ((sealed, nonce, tag),) = ([base64.b64decode(part, validate=True) for part in each] for each in parts)
            return AESGCM(key).decrypt(nonce, sealed + tag, bound_to.encode()).decode()
        except (InvalidTag, ValueError, binascii.Error):
            self._fail("holds a value that cannot be decrypted", _ANEW)

    def _fail(self, what: str, hint: str) -> NoReturn:
        raise ManifestError(error(_CODE, f"the file {self.name!r} {what}", hint))


def age_identities(text: str) -> list[Identity]:
    """Return the age identities of a key file, one a line; raises ValueError for a line that is none.

    Those of hardware keys are left out: only a program of their own can use them.
    """
    from pyrage import IdentityError
    from pyrage.x25519 import Identity

    lines = (line.strip() for line in text.splitlines())
    try:
        return [Identity.from_str(line) for line in lines if line and not line.startswith(("#", "AGE-PLUGIN-"))]
    except IdentityError:
        # Its own text may repeat the key.
        raise ValueError("not an age key") from None


def _names(data: Any) -> list[str]:
    if isinstance(data, list):
        return [str(number) for number in range(len(data))]
    return [name for name in data if isinstance(name, str)] if isinstance(data, dict) else []


def _nodes(data: Any, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield all that the file holds, in its order and with the names on the way to it."""
    yield names, data
    if isinstance(data, dict):
        for name, value in data.items():
            yield from _nodes(value, (*names, str(name)))
    elif isinstance(data, list):
        for value in data:
            yield from _nodes(value, names)


def _is_encrypted(value: Any) -> bool:
    return isinstance(value, str) and _ENCRYPTED.fullmatch(value) is not None


def _plain_text(value: Any) -> str:
    """Return a value as SOPS counts it: a number without exponent, and True and False."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}[str(value)]
        digits = format(Decimal(repr(value)), "f")
        return digits.rstrip("0").rstrip(".") if "." in digits else digits
    return str(value)


def _yaml(content: bytes) -> Any:
    import yaml

    try:
        return yaml.load(content, Loader=_loader())  # noqa: S506 - it makes plain data only
    except (yaml.YAMLError, LookupError):
        # What a tag of its own kind does not fit is an error of another kind.
        raise ValueError("not YAML") from None


def _loader() -> Any:
    """Return a loader by the rules of YAML 1.2 as SOPS' own: `no`, 12:30:00 and dates are text, 1e-07 is a number."""
    import yaml

    class PlainLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

        def flatten_mapping(self, node: Any) -> None:
            """Leave << a name as any other, as SOPS does."""

    for name, pattern, first in _SCALARS:
        PlainLoader.add_implicit_resolver(f"tag:yaml.org,2002:{name}", re.compile(rf"(?:{pattern})\Z"), first)
    PlainLoader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: _whole(loader.construct_scalar(node)))
    PlainLoader.add_constructor("tag:yaml.org,2002:merge", lambda loader, node: loader.construct_scalar(node))
    return PlainLoader


_SCALARS = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+0123456789."),
    ),
)


def _whole(text: str) -> int:
    octal = re.fullmatch(r"([-+]?)0([0-7]+)", text)
    return int(f"{octal[1]}0o{octal[2]}" if octal else text, 0)
