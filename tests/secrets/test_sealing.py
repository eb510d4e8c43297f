from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from eocanvas_apply.errors import ManifestError, ServiceError
from eocanvas_apply.secrets.sealing import PublicKey, plaintext
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.vocabulary import StorageType


@pytest.fixture(scope="module")
def private() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_a_sealed_text_opens_with_the_private_key(private: rsa.RSAPrivateKey) -> None:
    public = PublicKey.from_pem(b"\n" + pem_of(private))
    sealed = public.seal("pä".encode())
    assert private.decrypt(base64.b64decode(sealed, validate=True), padding.PKCS1v15()) == "pä".encode()
    assert sealed != public.seal("pä".encode())


def test_the_limit_is_exact_to_the_byte(private: rsa.RSAPrivateKey) -> None:
    public = PublicKey.from_pem(pem_of(private))
    assert (public.bits, public.limit) == (2048, 245)
    public.seal(b"x" * 245)
    with pytest.raises(ManifestError, match="246 bytes, the service's key seals 245"):
        public.seal(b"x" * 246)


def test_a_longer_key_seals_more() -> None:
    assert PublicKey.from_pem(pem_of(rsa.generate_private_key(65537, 3072))).limit == 373


@pytest.mark.parametrize(
    "pem", [b"", b"<html></html>", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"]
)
def test_an_invalid_public_key_answer_is_refused(pem: bytes) -> None:
    with pytest.raises(ServiceError, match="not a public key") as caught:
        PublicKey.from_pem(pem)
    assert caught.value.diagnostics[0].code == "bad-public-key"


def test_a_key_of_another_kind() -> None:
    with pytest.raises(ServiceError, match="not an RSA key"):
        PublicKey.from_pem(pem_of(ec.generate_private_key(ec.SECP256R1())))


def test_a_key_that_is_too_short_to_be_safe_is_refused() -> None:
    with pytest.raises(ServiceError, match="has 1024 bits, which are too few: at least 2048"):
        PublicKey.from_pem(pem_of(rsa.generate_private_key(65537, 1024)))


def test_the_s3_plaintext_is_short_and_in_the_service_s_order() -> None:
    fields: dict[str, str | Secret] = {
        "bucket": "b",
        "endpoint": "e",
        "region": "r",
        "access_key": Secret("ä"),
        "secret_key": Secret("s"),
    }
    plain = plaintext(StorageType.S3, fields)
    assert plain == '{"secret_key":"s","access_key":"ä","bucket":"b","endpoint":"e","region":"r"}'.encode()


def test_a_public_bucket_has_empty_secrets() -> None:
    sealed = json.loads(plaintext(StorageType.S3, {"bucket": "b", "endpoint": "e", "region": "r"}))
    assert (sealed["secret_key"], sealed["access_key"]) == ("", "")


def test_the_webdav_plaintext() -> None:
    plain = plaintext(StorageType.WEBDAV, {"password": Secret('p"w'), "username": "u", "endpoint": "e"})
    assert plain == b'{"endpoint":"e","username":"u","password":"p\\"w"}'
