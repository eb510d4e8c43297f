from __future__ import annotations

import pytest

from eocanvas_apply.secrets.scrubbing import JobLogScrubber, Scrubber
from eocanvas_apply.secrets.secret import Secret

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


def scrubbed(message: str, account: str = "jane", scrubber: Scrubber | None = None) -> str:
    [(_, clean)] = JobLogScrubber(scrubber or Scrubber(), account).scrub([(None, message)])
    return clean


@pytest.mark.parametrize("line", SECRETS)
def test_a_secret_is_removed_and_the_rest_stays(line: str) -> None:
    clean = scrubbed(line)
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
        "POST /identity/gettoken: ReadTimeout",
        "the janestown scene",
        "job 1d8f0a3c-74df-550c-ad6e-6c3e0a6a54fc",
    ],
)
def test_texts_without_secrets_are_not_changed(harmless: str) -> None:
    assert scrubbed(harmless) == harmless


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
        ('{"password": "a \\" b", "x": 1}', '{"password": ***, "x": 1}'),
        ("secret_key=abc&x=1", "secret_key=***&x=1"),
        ("'access_token': 'abc'", "'access_token': ***"),
        ("GET /keys 200 in 3 ms", "GET /keys 200 in 3 ms"),
    ],
)
def test_texts_that_look_secret_are_removed(dirty: str, clean: str) -> None:
    assert Scrubber().scrub(dirty) == clean


def test_known_secrets_are_removed_completely() -> None:
    scrubber = Scrubber()
    scrubber.learn([Secret("canary"), Secret("canary-and-more"), Secret("abc")])
    assert scrubber.scrub("x canary-and-more y canary z abc") == "x *** y *** z abc"


def test_a_message_of_the_service_stays_readable() -> None:
    scrubber = Scrubber()
    scrubber.learn([Secret("canary")])
    assert (
        scrubber.hide("invalid token: expired for canary, Bearer abc") == "invalid token: expired for ***, Bearer ***"
    )


def test_a_password_that_the_log_sets_is_found_wherever_it_is_used() -> None:
    messages = ["+ export WKS_PASSWORD=Zm9vYmFy", "+ mount //host/share pass,Zm9vYmFy", "JANE@host"]
    log = JobLogScrubber(Scrubber(), "jane")
    clean = ["+ export WKS_PASSWORD=***", "+ mount //host/share pass,***", "***@host"]
    assert [message for _, message in log.scrub([(None, each) for each in messages])] == clean
    assert log.scrub([(None, "later Zm9vYmFy")]) == [(None, "later ***")]


def test_known_secrets_are_removed_from_a_log() -> None:
    scrubber = Scrubber()
    scrubber.learn([Secret("canary")])
    assert scrubbed("a canary b", scrubber=scrubber) == "a *** b"


def test_a_user_name_is_found_in_its_spellings() -> None:
    message = "jane.doe@x.org wso2_oidc-jane.doe@x.org files/jane.doe%40x.org/a.nc janexdoe@x.org"
    assert scrubbed(message, "jane.doe@x.org") == "*** *** files/***/a.nc janexdoe@x.org"


def test_a_graph_in_base64_is_shortened() -> None:
    assert scrubbed(f"+ echo {'QUJD' * 100}") == "+ echo QUJDQUJDQUJDQUJDQUJDQUJD…(400 characters)"


@pytest.mark.parametrize("word", ["token", "password_", "secretkey"])
def test_a_word_of_a_million_letters_that_names_secrets_all_over_is_read_once(word: str) -> None:
    # Read again from each of its places it would take an hour.
    long = word * (1_000_000 // len(word))
    assert Scrubber().scrub(f"{long} and {long}=xyzzy9 end") == f"{long} and {long}=*** end"


def test_a_known_secret_is_hidden_in_a_graph_of_megabytes() -> None:
    scrubber = Scrubber()
    scrubber.learn([Secret("QUJD" * 10_000)])
    lines = JobLogScrubber(scrubber, "jane").scrub([(None, f"graph: {'QUJD' * 10_000} {'x' * 5_000_000} end")])
    assert lines[0][1] == f"graph: *** {'x' * 24}…(5000000 characters) end"


def test_a_log_of_one_such_word_is_scrubbed() -> None:
    lines = JobLogScrubber(Scrubber(), "jane").scrub([(None, "password_" * 100_000)])
    assert lines == [(None, "password_" * 100_000)]
