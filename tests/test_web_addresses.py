"""What is not shown of an address: the user, password or token in front of its host, also where it is not encoded."""

from __future__ import annotations

import pytest

from eocanvas_apply.planning.failures import without_url_secrets
from eocanvas_apply.secrets.scrubbing import Scrubber
from eocanvas_apply.secrets.secret_words import without_secret_words
from eocanvas_apply.web_addresses import holds_password, replaced_users

PASSWORDS = [
    "pass",
    "pa/ss",
    "pa#ss",
    "pa?ss",
    "p@ss",
    "p@ss/w@rd",
    "pa'ss",
    'pa"ss',
    "pa`ss",
    "pa ss",
    "1234",
    "a:b",
    "",
]


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize(
    "before", ["https://", "//", "webdavs://", "url='https://", '{"url":"https://', "see <https://"]
)
def test_a_password_is_hidden_whatever_is_in_it(before: str, password: str) -> None:
    text, clean = f"{before}jane:{password}@dav.example/a.zip now", f"{before}***@dav.example/a.zip now"
    assert replaced_users(text, "***@") == clean
    assert (Scrubber().scrub(text), without_secret_words(text)) == (clean, clean)
    assert without_url_secrets(text) == clean.replace("***@", "")


@pytest.mark.parametrize(
    "text",
    [
        "https://s3.example.org/a@b.zip and jane@example.org",
        "https://s3.example.org:8443/dir:x/a@b.zip",
        "http://localhost:9000/a@b.zip and http://[::1]:9000/a@b.zip",
        "https://[fe80::1]/a@b.zip",
        "no answer of https://dav.example: write to jane@example.org",
        '{"url":"https://minio:9000/a","owner":"jane@example.org","files":1}',
        "java.lang.Object@1f2e and git@example.org:a/b",
    ],
)
def test_ports_paths_and_addresses_of_people_are_shown(text: str) -> None:
    assert replaced_users(text) == text
    assert Scrubber().scrub(text) == text


def test_every_address_of_a_line_is_judged() -> None:
    line = "<https://jane:p/w@one.example>, s3://token@two.example/a, https://three.example/b"
    assert replaced_users(line) == "<https://one.example>, s3://two.example/a, https://three.example/b"


@pytest.mark.parametrize(
    ("address", "holds"),
    [("https://jane:a/b@h.example", True), ("https://token@h.example", False), ("https://h.example:80/@", False)],
)
def test_a_password_is_told_from_a_token_and_a_port(address: str, holds: bool) -> None:
    assert holds_password(address) is holds


@pytest.mark.parametrize("unit", ["//a:", "//a:b@", " a@", " a", "'", "://", "//a.b:1", "[//"])
def test_a_text_of_a_million_characters_is_read_in_steps(unit: str) -> None:
    # Read again from each address, it would take an hour.
    replaced_users((unit * 1_000_000)[:1_000_000])
