from __future__ import annotations

import pytest

from eocanvas_apply.errors import UsageError
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.service.credentials import Credentials
from eocanvas_apply.service.urls import Endpoints, origin_of
from eocanvas_apply.web_addresses import is_loopback, same_service


def test_trailing_slashes_are_dropped_everywhere() -> None:
    addresses = Endpoints("https://h.test/serverless//", "https://id.test/gettoken/")
    assert addresses.base_url == "https://h.test/serverless"
    assert addresses.token_urls == ("https://id.test/gettoken",)


def test_the_log_in_is_searched_at_both_paths_of_the_host() -> None:
    assert Endpoints("https://h.test:8443/serverless").token_urls == (
        "https://h.test:8443/identity/gettoken",
        "https://h.test:8443/hda-broker/gettoken",
    )


@pytest.mark.parametrize(
    ("hda_url", "base"),
    [
        ("", "https://h.test:8443/hda-broker/api/v1"),
        ("https://data.test/broker/", "https://data.test/broker/api/v1"),
        ("https://data.test/broker/api/v1", "https://data.test/broker/api/v1"),
    ],
)
def test_the_hda_is_beside_the_service_or_where_the_user_says(hda_url: str, base: str) -> None:
    addresses = Endpoints("https://h.test:8443/serverless", hda_url=hda_url)
    assert addresses.hda.base_url == base


@pytest.mark.parametrize("url", ["http://127.0.0.1:80", "http://127.9.9.9", "http://[::1]:5/x", "http://localhost:1"])
def test_plain_http_goes_to_loopback(url: str) -> None:
    assert Endpoints(url).base_url == url


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://h.test/serverless", "plain http"),
        ("http://127.0.0.1.evil.test", "plain http"),
        ("ftp://h.test", "not an http"),
        ("h.test/serverless", "not an http"),
        ("https://", "not an http"),
        ("https://h.test:port", "not an http"),
        ("https://h.test/a b", "not an http"),
        ("https://[h.test", "not an http"),
        ("https://h.test/x?y=1", "must not hold"),
        ("https://h.test/x#y", "must not hold"),
    ],
)
def test_addresses_that_cannot_work_are_usage_errors(url: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        Endpoints(url)
    assert caught.value.diagnostics[0].code == "bad-address"
    with pytest.raises(UsageError, match="EOCANVAS_TOKEN_URL"):
        Endpoints("https://h.test", url)
    with pytest.raises(UsageError, match="HDA_URL"):
        Endpoints("https://h.test", hda_url=url)


def test_a_password_in_an_address_is_refused_without_showing_it() -> None:
    with pytest.raises(UsageError) as caught:
        Endpoints("https://jane:hunter2@h.test")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://127.0.0.1:4711/serverless", "http://127.0.0.1:4712/serverless", True),
        ("http://127.0.0.1:4711/serverless", "http://127.0.0.1/serverless", True),
        ("http://[::1]:4711", "http://[::1]:80", True),
        ("http://127.0.0.1:4711/serverless", "http://127.0.0.1:4711/other", False),
        ("https://h.test:8443/serverless", "https://h.test/serverless", False),
    ],
)
def test_the_port_of_a_service_does_not_count_on_loopback(one: str, other: str, same: bool) -> None:
    assert same_service(one, other) is same


def test_origins_compare_with_their_ports() -> None:
    assert origin_of("https://H.test/x") == origin_of("https://h.test:443/y")
    assert origin_of("https://h.test") != origin_of("https://h.test:444")
    assert origin_of("https://h.test:80") != origin_of("http://h.test")


def test_names_are_not_loopback() -> None:
    assert not is_loopback("localhost.test")
    assert not is_loopback("128.0.0.1")


def test_credentials_do_not_show_the_password() -> None:
    assert "hunter2" not in repr(Credentials("jane", Secret("hunter2")))
