from __future__ import annotations

import subprocess
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from tests.peers.environment import openssl_path


def run(tmp_path: Path, public: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    tools = tmp_path / "bin"
    tools.mkdir()
    key, data = tmp_path / "key.pem", tmp_path / "data"
    key.write_bytes(public)
    data.write_bytes(b"a secret")
    program = Path(openssl_path(tools, forced=True)) / "openssl"
    command = [str(program), *arguments, "-inkey", str(key), "-pubin", "-in", str(data)]
    return subprocess.run(command, capture_output=True, check=False)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    public = key.public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def test_it_encrypts_as_openssl_does(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    done = run(tmp_path, pem(key), "pkeyutl", "-encrypt")
    assert (done.returncode, done.stderr) == (0, b"")
    assert key.decrypt(done.stdout, padding.PKCS1v15()) == b"a secret"


def test_other_commands_of_openssl_are_refused(tmp_path: Path) -> None:
    other = run(tmp_path, b"", "rsautl", "-encrypt")
    assert other.returncode == 2
    assert b"invalid choice" in other.stderr


def test_it_refuses_other_kinds_of_keys(tmp_path: Path) -> None:
    done = run(tmp_path, pem(ec.generate_private_key(ec.SECP256R1())), "pkeyutl", "-encrypt")
    assert (done.returncode, done.stdout) == (2, b"")
