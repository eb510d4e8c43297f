"""Secrets that look like something else are a warning that does not show them, and are used all the same."""

from __future__ import annotations

import random
import string
from base64 import b64encode
from pathlib import Path

import pytest

from eocanvas_apply.diagnostics import Severity
from eocanvas_apply.secrets.mistakes import mistake_in
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.secrets.secret_references import EnvReference
from eocanvas_apply.secrets.secret_sources import SecretSources

LOOKS_LIKE = {
    "a variable": [
        "$AKIAQWERTZ",
        "${SECRET}",
        "%SECRET%",
        "$(cat x)",
        "{{ secrets.X }}",
        "${{ secrets.X }}",
        "$env:KEY",
    ],
    "a placeholder": [
        *(
            "[MASKED]",
            "***",
            "<secret>",
            "xxxx",
            "XXXXXXXX",
            "changeme",
            "CHANGE_ME",
            "your-secret-key",
            "••••••••",
            "...",
        ),
        *("YOUR_PASSWORD", "None", "<your key here>", "insert_key_here", "TODO", "redacted", "password"),
        *("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ],
    "a secret in quotes": ['"Tr0ub4dor"', "'Tr0ub4dor'", "\u201cTr0ub4dor\u201d"],
    "a whole line": [
        *(
            "SECRET_KEY=Tr0ub4dor",
            "export AWS_SECRET_ACCESS_KEY=Tr0ub4dor",
            "secret_key: Tr0ub4dor",
            "MY_VALUE=Tr0ub4dor",
        ),
        *("aws_secret_access_key = Tr0ub4dor", "Bearer Tr0ub4dor", '{"a": "Tr0ub4dor"}'),
    ],
    "a path": ["/run/secrets/key", "~/key", "./secrets/key", "../key", "C:\\Users\\jane\\key", "file:key"],
    "an address": ["https://example.test/key"],
    "text in base64": ["c2VjcmV0LXNlY3JldA==", "VHIwdWI0ZG9yLTEyMwo=", b64encode(b"access-key-of-jane").decode()],
    "a text with an invisible": ["Tr0ub\u200b4dor", "Tr0ub\u00a04dor", "Tr0ub\u202e4dor"],
}


@pytest.mark.parametrize(("words", "text"), [(words, text) for words, texts in LOOKS_LIKE.items() for text in texts])
def test_a_secret_that_looks_wrong_is_a_warning_without_its_text(words: str, text: str) -> None:
    found = SecretSources({"PW": text}, Path()).resolve(EnvReference(env="PW"))
    assert found.secret == Secret(text)
    (warning,) = found.diagnostics
    assert (warning.code, warning.severity) == ("secret-looks-wrong", Severity.WARNING)
    assert warning.message.startswith(f"the environment variable PW looks like {words}")
    assert text not in warning.message + warning.hint


@pytest.mark.parametrize(
    "text",
    [
        *("hunter2-hunter2", "pass word", "a$b", "correct horse battery", "QUJD==", "Password1!", "$5-for-a-coffee"),
        *("3q2+7w==", "/aB3+/xY9zQ0/wErTy1uIoP2asDfGh3jKl4zXcVb", "ab'c", "k3y", "a<b>c", "=x=y=", "100%sure%"),
        *("AKIA0123456789ABCDEF", "Xk7fA-9fQ2z-LmN3o-Pq4Rs-Tu5Vw", "deadbeefdeadbeefdeadbeefdeadbeef", "user: jane"),
    ],
)
def test_a_usual_secret_is_no_mistake(text: str) -> None:
    assert mistake_in(text) is None


def test_random_secrets_are_no_mistakes() -> None:
    numbers = random.Random(8)
    letters, capitals = string.ascii_letters + string.digits, string.ascii_uppercase + string.digits
    drawn = [
        *("".join(numbers.choices(capitals, k=20)) for _ in range(3000)),
        *("".join(numbers.choices(letters, k=24)) for _ in range(3000)),
        *(numbers.randbytes(16).hex() for _ in range(3000)),
        *(b64encode(numbers.randbytes(size)).decode() for size in (16, 30, 32) for _ in range(3000)),
    ]
    assert [text for text in drawn if mistake_in(text)] == []


@pytest.mark.parametrize("text", ["key" * 1_000_000, "$" + "{" * 1_000_000, "your" * 1_000_000, "a\u200b" * 1_000_000])
def test_a_text_too_long_for_any_key_is_not_judged(text: str) -> None:
    assert mistake_in(text) is None
