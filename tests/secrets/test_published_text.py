"""What may be published of texts, graphs and fields: nothing that opens anything."""

from __future__ import annotations

import pytest

from eocanvas_apply.secrets.published_text import published_document, published_field, published_text

SECRET = "s3cr3tOfAnHour"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"https://jane:{SECRET}@h.example/a?sig={SECRET}#x", "https://h.example/a"),
        (f"/b/x.tif?X-Amz-Signature={SECRET}&a=1 and more", "/b/x.tif and more"),
        (f"b/x.tif?a=1&SIG={SECRET}", "b/x.tif"),
        (f"s3://k:{SECRET}@b/p?AWSAccessKeyId={SECRET}", "s3://b/p"),
        (f"sv=2020&sig={SECRET}&se=2", "sv=2020&sig=***&se=2"),
        (f"Bearer {SECRET}", "Bearer ***"),
        ("Basic amFuZTpwdw==", "Basic ***"),
        (f"eyJhbGciOiJI.{SECRET}", "***"),
        (f"password={SECRET}", "password=***"),
    ],
)
def test_what_opens_something_is_hidden(text: str, shown: str) -> None:
    assert (published_text(text), published_field("note", text)) == (shown, shown)


@pytest.mark.parametrize("text", ["a/b.nc?band=3", "design=3", "basic processing of tokens?", "POINT(1 2)", "$token"])
def test_anything_else_is_shown(text: str) -> None:
    assert (published_text(text), published_document(text), published_field("note", text)) == (text, text, text)


def test_fields_are_hidden_by_their_names_wherever_they_are() -> None:
    row = {"password": SECRET, "deep": [{"api_token": SECRET, "n": 3}], "note": f"token: {SECRET}", "token": ""}
    assert published_field("", row) == {"password": "***", "deep": [{"api_token": "***", "n": 3}]} | {
        "note": "token: ***",
        "token": "",
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"<a><password>{SECRET}</password></a>", "<a><password>***</password></a>"),
        (f"<x:token a='b'><![CDATA[{SECRET}]]></x:token>", "<x:token a='b'>***</x:token>"),
        (f'<p password="{SECRET}" b="1"/>', '<p password="***" b="1"/>'),
        (f"token: '{SECRET}'\nb: 1", "token: '***'\nb: 1"),
        ("<password>$pw</password><token/>", "<password>$pw</password><token/>"),
    ],
)
def test_graphs_and_chains_keep_their_form(text: str, shown: str) -> None:
    assert published_document(text) == shown


@pytest.mark.parametrize("unit", ["?token", "token", "<password>", "<password> ", "<token><![CDATA[", "x?", "a-"])
def test_a_text_of_a_million_characters_is_read_in_steps(unit: str) -> None:
    # Read again from each place, it would take an hour.
    published_document((unit * 1_000_000)[:1_000_000])
