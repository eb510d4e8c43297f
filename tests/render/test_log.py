from __future__ import annotations

import pytest

from eocanvas_apply.render.log import as_json, private_words, scrubbed, text
from tests.render.plans import NOW

APP_PASSWORD = "AbCdE-f1hIj-KlM2O-pQrSt-Uv3xY"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqYW5lIn0.c2lnbmF0dXJl"
SECRETS = [
    "+ export WKS_PASSWORD=Zm9vYmFy",
    '{"access_token": "canary-token", "expires_in": 1744}',
    "'secret_key': 'canary secret'",
    "AWS_ACCESS_KEY_ID=canary-AKIA",
    "Authorization: Bearer canary.token-1/2+3=",
    "+ curl -H 'Authorization: Basic amFuZTpjYW5hcnk='",
    "+ curl -u wso2_oidc-jane:canary-1 https://example.org",
    "+ curl --user=jane:canary-2 https://example.org",
    "+ tool --password canary-3 --region waw3-2",
    "PUT https://jane:canary-4@example.org/remote.php/dav/files/wso2_oidc-jane/a.nc",
    "GET https://s3.example.org/a.zip?X-Amz-Credential=canary-5&X-Amz-Signature=canary-6&part=1",
    f"header is {JWT}",
    f"logging in with {APP_PASSWORD} now",
]


@pytest.mark.parametrize("line", SECRETS)
def test_a_secret_is_taken_out_and_the_rest_stays(line: str) -> None:
    clean = scrubbed(line, private_words([(NOW, line)], "jane"))
    assert "***" in clean
    for word in ("canary", "Zm9vYmFy", "jane", "amFuZ", "eyJ", "KlM2O"):
        assert word not in clean
    for word in ("example.org", "part=1", "--region waw3-2", "expires_in", "now", "header is"):
        assert (word in clean) is (word in line)


@pytest.mark.parametrize(
    "harmless",
    [
        "SNAP execution completed successfully",
        "+ gpt graph.xml -Pimg1=/data/input/S3B_OL_2_WFR____20240705T092739.zip -Poutput=/data/output/1d8f",
        "basic statistics: mean 3.2",
        "the janestown scene",
        "job 1d8f0a3c-74df-550c-ad6e-6c3e0a6a54fc",
    ],
)
def test_what_is_no_secret_stays(harmless: str) -> None:
    assert scrubbed(harmless, private_words([(NOW, harmless)], "jane")) == harmless


def test_a_password_that_the_log_sets_is_found_wherever_it_is_used() -> None:
    lines = [(NOW, "+ export WKS_PASSWORD=Zm9vYmFy"), (None, "+ mount //host/share pass,Zm9vYmFy"), (NOW, "JANE@host")]
    shown = text(lines, private_words(lines, "jane"))
    assert shown.splitlines() == [
        "2026-11-23T04:00:00Z + export WKS_PASSWORD=***",
        "- + mount //host/share pass,***",
        "2026-11-23T04:00:00Z ***@host",
    ]
    assert as_json(lines, private_words(lines, "jane"))[1] == {
        "timestamp": None,
        "message": "+ mount //host/share pass,***",
    }


def test_a_user_name_is_found_in_its_spellings() -> None:
    lines = [(NOW, "jane.doe@x.org wso2_oidc-jane.doe@x.org files/jane.doe%40x.org/a.nc janexdoe@x.org")]
    assert scrubbed(lines[0][1], private_words(lines, "jane.doe@x.org")) == "*** *** files/***/a.nc janexdoe@x.org"


def test_a_graph_in_base64_is_shortened() -> None:
    assert scrubbed(f"+ echo {'QUJD' * 100}", ()) == "+ echo QUJDQUJDQUJDQUJDQUJDQUJD…(400 characters)"
