"""A stand-in for `openssl pkeyutl -encrypt -inkey FILE -pubin -in FILE`, where no openssl is installed.

It writes the RSA PKCS#1 v1.5 ciphertext to stdout, and refuses every other command line.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def main() -> int:
    parser = argparse.ArgumentParser(prog="openssl", allow_abbrev=False)
    parser.add_argument("command", choices=["pkeyutl"])
    parser.add_argument("-encrypt", action="store_true", required=True)
    parser.add_argument("-pubin", action="store_true", required=True)
    parser.add_argument("-inkey", type=Path, required=True)
    parser.add_argument("-in", type=Path, required=True, dest="plaintext")
    arguments = parser.parse_args()
    key = serialization.load_pem_public_key(arguments.inkey.read_bytes())
    if not isinstance(key, rsa.RSAPublicKey):
        parser.error("not an RSA key")
    sys.stdout.buffer.write(key.encrypt(arguments.plaintext.read_bytes(), padding.PKCS1v15()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
