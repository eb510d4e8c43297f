from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.emulator_options import Options, add_arguments, from_arguments
from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.model.accounts import User
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER, Quota
from eocanvas_apply.emulator.model.job_failures import JobFault


def parsed(*arguments: str) -> Options:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return from_arguments(parser.parse_args(arguments))


def test_the_command_lines_defaults_are_the_values() -> None:
    assert parsed() == Options()
    assert Options().users == (DEFAULT_USER,)


def test_the_help_lists_behaviours_and_faults() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    words = set(parser.format_help().replace(",", " ").replace("(", " ").replace(")", " ").split())
    assert {
        "list_lag",
        "equal_ids",
        "drop-after",
        "staging-in",
        f"{DEFAULT_USER.name}:{DEFAULT_USER.password}",
    } <= words


def test_every_option_reaches_the_value() -> None:
    options = parsed(
        *("--port", "8080", "--ready", "r.json", "--job-time", "500ms", "--quota", "10/1h", "--quota", "100/30d"),
        *("--hda-quota", "500/1d"),
        *("--latency", "20ms", "--speed", "60", "--token-life", "1m", "--results", "12", "--result-size", "7"),
        *("--storage", "real", "--ca-file", "ca.pem", "--eodata", "eodata", "--tls", "cert.pem", "key.pem"),
        *("--user", "ann:pw", "--user", "cmems/bob:p:w", "--behaviour", "live_name=overwrite"),
        *("--behaviour", "list_lag=5", "--fault", '{"kind": "html", "times": 3}'),
        *("--job-fault", "graph:*/b.zip", "--job-fault", "killed"),
    )
    assert options.port == 8080
    assert options.ready == Path("r.json")
    assert (options.job_time, options.latency, options.speed, options.token_life) == (0.5, 0.02, 60, 60)
    assert options.quotas == (Quota(10, 3600), Quota(100, 2592000))
    assert options.hda_quotas == (Quota(500, 86400),)
    assert (options.results_per_job, options.result_size) == (12, 7)
    assert (options.storage, options.ca_file, options.eodata) == ("real", Path("ca.pem"), Path("eodata"))
    assert options.tls == (Path("cert.pem"), Path("key.pem"))
    assert options.users == (User("ann", "pw"), User("bob", "p:w", "cmems"))
    assert (options.behaviour.live_name, options.behaviour.list_lag) == ("overwrite", 5.0)
    assert options.faults == (Fault("html", times=3),)
    assert options.job_faults == (JobFault("graph", "*/b.zip"), JobFault("killed"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("--job-time", "soon"),
        ("--port", "65536"),
        ("--results", "-1"),
        ("--speed", "0"),
        ("--speed", "fast"),
        ("--behaviour", "href_origin"),
        ("--quota", "many"),
        ("--user", "ann"),
        ("--behaviour", "live_name=maybe"),
        ("--behaviour", "colour=red"),
        ("--fault", "boom"),
        ("--fault", "[]"),
        ("--fault", '{"kind": "boom"}'),
        ("--job-fault", "boom"),
        ("--tls", "a", "b", "--tls-dir", "c"),
    ],
)
def test_invalid_values_are_usage_errors(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed(*arguments)
    assert f"argument {arguments[0] if len(arguments) == 2 else '--tls-dir'}: " in capsys.readouterr().err
