from __future__ import annotations

from argparse import Namespace
from datetime import timedelta
from pathlib import Path

import pytest

from eocanvas_apply.cli.named_project import manifest_files
from eocanvas_apply.engine.opening import find_settings
from eocanvas_apply.errors import ManifestError, UsageError

ACCOUNT = {"HDA_USER": "jane", "HDA_PASSWORD": "correct-horse"}


def test_the_defaults_are_the_real_service_and_the_file_in_this_folder() -> None:
    found = find_settings({**ACCOUNT, "EOCANVAS_URL": "", "EOCANVAS_APPLY_POLL": ""})
    assert found.endpoints.base_url == "https://gateway.prod.wekeo2.eu/serverless"
    assert (found.ledger_url, found.timing) == (None, {})


def test_the_environment_is_read_and_an_option_wins() -> None:
    environ = {
        **ACCOUNT,
        "EOCANVAS_URL": "http://127.0.0.1:8080/serverless/",
        "EOCANVAS_TOKEN_URL": "http://127.0.0.1:8080/identity/gettoken",
        "HDA_URL": "http://127.0.0.1:8080/hda-broker/",
        "EOCANVAS_APPLY_LEDGER": "a.jsonl",
        "EOCANVAS_APPLY_POLL": "500ms",
        "EOCANVAS_APPLY_SETTLE": "1m30s",
        "EOCANVAS_APPLY_SEND_WITHIN": "5s",
        "EOCANVAS_APPLY_REQUEST_TIMEOUT": "10s",
    }
    found = find_settings(environ, "b.jsonl")
    assert found.endpoints.base_url == "http://127.0.0.1:8080/serverless"
    assert found.endpoints.token_url == "http://127.0.0.1:8080/identity/gettoken"
    assert found.endpoints.hda_url == "http://127.0.0.1:8080/hda-broker"
    assert found.ledger_url == "b.jsonl"
    assert found.timing == {
        "poll": timedelta(seconds=0.5),
        "settle": timedelta(seconds=90),
        "send_within": timedelta(seconds=5),
        "request_timeout": timedelta(seconds=10),
    }
    assert find_settings(environ).ledger_url == "a.jsonl"


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"EOCANVAS_APPLY_POLL": "soon"}, "EOCANVAS_APPLY_POLL"),
        ({"EOCANVAS_URL": "http://example.org"}, "plain http"),
        ({"EOCANVAS_URL": "gateway"}, "EOCANVAS_URL"),
    ],
)
def test_an_invalid_setting_is_a_usage_error(environ: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        find_settings({**ACCOUNT, **environ})


@pytest.mark.parametrize(
    ("names", "hint"),
    [([], "-f FOLDER unites the files"), (["eocanvas.yaml", "a.yaml", ".b.eocanvas.yaml"], "Name the file: -f ")],
)
def test_a_folder_without_manifests_is_missing_and_says_which_file_to_name(
    names: list[str], hint: str, tmp_path: Path
) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(ManifestError, match=r"has no \*\.eocanvas\.yaml") as fault:
        manifest_files(Namespace(file=[str(tmp_path)])).read()
    assert fault.value.diagnostics[0].hint.startswith(hint)
