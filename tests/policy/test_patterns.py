"""Ways round a pattern of a policy: none of them may match, and harmless other spellings do."""

from __future__ import annotations

from pathlib import Path

import pytest

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.policy.patterns import matches_address, matches_bucket, matches_file, matches_host

ONE = "https://s3.waw3-2.cloudferro.com"
ANY = "https://*.cloudferro.com"
DRIVE = "https://wekeo-files.prod.wekeo2.eu/remote.php/dav/files/wso2_oidc-group*"


@pytest.mark.parametrize(
    ("address", "pattern", "allowed"),
    [
        (ONE, ONE, True),
        (f"{ONE}/", ONE, True),
        (f"{ONE}:443", ONE, True),
        ("HTTPS://S3.WAW3-2.CloudFerro.com.", ONE, True),
        (ONE, f"{ONE}:443/", True),
        ("https://s3.waw3-1.cloudferro.com", ANY, True),
        ("https://127.0.0.1:9000", "https://127.0.0.1:*", True),
        ("ftp://anything", "*", True),
        ("http://s3.waw3-2.cloudferro.com", ONE, False),
        (f"{ONE}:8443", ONE, False),
        (f"{ONE}/other", ONE, False),
        (f"{ONE}?x=1", ONE, False),
        (f"{ONE}#x", ONE, False),
        ("https://evil.example/.cloudferro.com", ANY, False),
        ("https://evil.example/x?y.cloudferro.com", ANY, False),
        ("https://evil.example#.cloudferro.com", ANY, False),
        ("https://evil.example\\.cloudferro.com", ANY, False),
        ("https://evil.example:1@s3.cloudferro.com", ANY, False),
        ("https://s3.cloudferro.com@evil.example", ANY, False),
        ("https://evil.example .cloudferro.com", ANY, False),
        ("https://evil.example\n.cloudferro.com", ANY, False),
        ("https://s3.cl\N{CYRILLIC SMALL LETTER O}udferro.com", ANY, False),
        ("https://s3.cloudferro.com.evil.example", ANY, False),
        ("s3.cloudferro.com", ANY, False),
        ("https://[::1", ANY, False),
        ("https://s3.cloudferro.com:99999", ANY, False),
        (f"{DRIVE[:-1]}-a", DRIVE, True),
        (f"{DRIVE[:-1]}/../wso2_oidc-other", DRIVE, False),
        (f"{DRIVE[:-1]}/%2e%2e/wso2_oidc-other", DRIVE, False),
    ],
)
def test_an_endpoint_matches_by_protocol_host_and_path(address: str, pattern: str, allowed: bool) -> None:
    assert matches_address(address, [pattern]) is allowed


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://data.example.org/a.nc?sig=x", True),
        ("https://DATA.Example.ORG.:8443/a.nc", True),
        ("http://data.example.org", True),
        ("https://evil.example/data.example.org", False),
        ("https://data.example.org@evil.example/a.nc", False),
        ("https://evil.example\\@data.example.org/a.nc", False),
        ("https://evil.example\t.example.org/a.nc", False),
        ("https://xn--data-9na.example.com/a.nc", False),
        ("//data.example.org/a.nc", False),
        ("file://data.example.org/etc/passwd", False),
        ("ftp://data.example.org/a.nc", False),
        ("/data.example.org", False),
        ("", False),
    ],
)
def test_a_host_is_that_of_the_address_and_nothing_else(address: str, allowed: bool) -> None:
    assert matches_host(address, ["*.Example.org"]) is allowed


@pytest.mark.parametrize(
    ("bucket", "allowed"),
    [
        ("group-a", True),
        ("Group-a", False),
        ("group-a/../other", False),
        ("group-a?x", False),
        ("group-a%2f..", False),
        ("group-a other", False),
        ("other", False),
    ],
)
def test_a_bucket_is_one_name(bucket: str, allowed: bool) -> None:
    assert matches_bucket(bucket, ["group-*"]) is allowed


@pytest.mark.parametrize(
    ("written", "patterns", "allowed"),
    [
        ("graphs/a.xml", ["graphs"], True),
        ("./graphs//deep/../a.xml", ["graphs/"], True),
        ("graphs/a.xml", ["."], True),
        ("$folder/graphs/a.xml", ["graphs"], True),
        ("graphs/a.xml", ["$folder/graphs"], True),
        ("graphs/../secrets/a", ["graphs"], False),
        ("graphs/link", ["graphs"], False),
        ("graphs/link", ["secrets"], True),
        ("linked/a", ["linked"], False),
        ("graphsecret/a.xml", ["graphs"], False),
        ("GRAPHS/a.xml", ["graphs"], False),
        ("../outside/a", ["*"], False),
        ("../outside/a", ["."], False),
        ("../outside/a", ["../outside"], True),
        ("$folder/../outside/a", ["*"], False),
        ("/etc/passwd", ["*"], False),
        ("~/.hdarc", ["*"], False),
        ("graphs/\x00", ["results"], False),
    ],
)
def test_a_file_is_where_its_path_leads(tmp_path: Path, written: str, patterns: list[str], allowed: bool) -> None:
    folder = tmp_path / "project"
    for name in ("graphs", "secrets"):
        (folder / name).mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (folder / "graphs" / "link").symlink_to(folder / "secrets" / "a")
    (folder / "linked").symlink_to(folder / "secrets")
    filled = [each.replace("$folder", str(folder)) for each in (written, *patterns)]
    assert matches_file(filled[0], filled[1:], Boundary(folder, (tmp_path / "outside",))) is allowed
