from __future__ import annotations

import pytest

from eocanvas_apply.secrets.secret_words import without_secret_words


@pytest.mark.parametrize(
    "text",
    [
        "S3A_OL_2_WFR____20240706T094017_20240706T094317_20240707T112345_0179_114_193_1980_MAR_O_NT_003.SEN3",
        "S2B_MSIL2A_20240706T101559_N0510_R065_T32TQM_20240706T135612",
        "/eodata/Sentinel-2/MSI/L2A/2024/07/06/S2B_MSIL2A",
        "https://s3.waw3-2.cloudferro.com/olci-scenes/2024/07/06",
        "7d1b6f0a-5c3e-4a1b-9d2f-0123456789ab",
        "ThermalNoiseRemovalOperator, ToBoaReflectanceSentinel3Olci",
        "POLYGON((20.123456789012345678 58, 21 58))",
        "SCENES_ACCESS_KEY_OF_THE_YEAR_2024",
        "2024-07-01T04:00:00Z and 20240701T040000Z",
        "EO:EUM:DAT:SENTINEL-3:OL_2_WFR___",
        "https://s3.example.org/a@b.zip and jane@example.org",
        "file: C:/Users/jane@corp/a.zip",
        "write {env: NAME}, as in secret_key: {env: NAME}",
    ],
)
def test_names_of_products_days_and_paths_are_shown(text: str) -> None:
    assert without_secret_words(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("unknown field `secret_key=abc` in `a`", "unknown field `secret_key=***` in `a`"),
        ('path: "https://jane:p@ss@s3.example.org/a.zip"', 'path: "https://***@s3.example.org/a.zip"'),
        ("endpoint: jane:p/ss@s3.example.org", "endpoint: jane:***@s3.example.org"),
        ("{endpoint: https:/jane:p/ss@s3.example.org}", "{endpoint: https:/***@s3.example.org}"),
        ("s3://t0ken@bucket/x", "s3://***@bucket/x"),
        (
            "https://b.example/a?X-Amz-Date=2024&X-Amz-Signature=5d672d79",
            "https://b.example/a?X-Amz-Date=2024&X-Amz-Signature=***",
        ),
        ("https://b.example/a?sv=2022&sig=aB%2Bc&se=2024", "https://b.example/a?sv=2022&sig=***&se=2024"),
        ("api_key = abc: 1", "api_key = ***: 1"),
        ("a 1c5a0f3e9b7d4826a0b1c2d3e4f50617, b", "a ***, b"),
        ("a1b2C-d3e4F-g5h6I-j7k8L-m9n0O", "***"),
    ],
)
def test_words_that_look_like_a_secret_and_those_named_so_are_hidden(text: str, shown: str) -> None:
    assert without_secret_words(text) == shown
