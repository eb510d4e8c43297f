"""What is suggested for a command, an option or an argument that there is not."""

from __future__ import annotations

import shlex

import pytest

from eocanvas_apply.cli import main
from eocanvas_apply.cli.commands import REMOVALS, SUMMARIES

FORGET = "`forget ADDRESS` stops managing a job and deletes nothing, `cancel ADDRESS` stops jobs that are running"
PARALLEL = "`max_running: N` in the manifest"
PLAN = "`eocanvas-apply plan` shows what apply would do"
LOOKS = "plan and apply always look at the service first"
ALL = "the options of {} are --help"


def _hint(line: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(shlex.split(line)) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    _, _, hint = shown.err.partition("  hint: ")
    return hint.partition("\n")[0]


@pytest.mark.parametrize("word", [*REMOVALS, "delte", "removee", "RM"])
def test_what_takes_things_away_elsewhere_never_leads_to_destroy(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    hint = _hint(f"{word} subset", capsys)
    assert hint.startswith(FORGET)
    assert "destroy" not in hint


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("apply -auto-approve", "did you mean --yes?"),
        ("apply --auto-approve", "did you mean --yes?"),
        ("destroy -y", "did you mean --yes?"),
        ("destroy --force", "did you mean --yes?"),
        ("apply --dry-run", PLAN),
        ("apply -n", PLAN),
        ("plan --dry-run", "plan changes nothing"),
        ("destroy --dry-run", "destroy shows what it would delete and asks"),
        ("plan --target job.a", "did you mean --only PATTERN?"),
        ("apply -target=job.a", "did you mean --only PATTERN?"),
        ("apply --parallelism 3", PARALLEL),
        ("plan -parallelism=3", PARALLEL),
        ("apply -j4", PARALLEL),
        ("plan --refresh", LOOKS),
        ("apply -refresh=false", LOOKS),
        ("status -o json", "did you mean --format json?"),
        ("why --output json subset", "did you mean --format json?"),
        ("results --output json", "`--format json` prints JSON, `--fetch --to DIR`"),
        ("plan -out=x", "did you mean --out?"),
        ("plan -format=json", "did you mean --format?"),
        ("plan -verbose", "did you mean -v?"),
        ("plan -var a=b", "did you mean --var?"),
        ("apply --retry", "did you mean --retry-failed?"),
        ("apply --rety-failed", "did you mean --retry-failed?"),
        ("apply --yes plan.json", "`eocanvas-apply plan --out FILE` writes a plan"),
        ("apply --wait 2 hours", "a duration is one word, such as 2h"),
        ("plan 'a b'", "did you mean --only 'a b'?"),
        ("validate x.yaml", "did you mean -f x.yaml?"),
        ("status subset", "`eocanvas-apply why subset`"),
        ("destroy subset", "destroy is about the whole project; `forget ADDRESS`"),
        ("stat", "did you mean status?"),
        ("-V", "did you mean --version?"),
    ],
)
def test_the_right_thing_is_suggested(line: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _hint(line, capsys).startswith(hint)


@pytest.mark.parametrize("option", ["--namespace x", "--quiet", "-q", "--all-namespaces", "--ignore-not-found", "-x3"])
@pytest.mark.parametrize("command", ["apply", "status", "cancel", "ledger show", "schema"])
def test_where_nothing_is_right_the_options_of_the_command_are_listed(
    command: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hint = _hint(f"{command} {option}", capsys)
    assert hint.startswith(ALL.format(command))


def test_an_ambiguous_beginning_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert _hint("res", capsys) == f"the commands are {', '.join(SUMMARIES)}; see: eocanvas-apply --help"


def test_a_number_below_zero_is_no_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["apply", "--limit", "-1"]) == 1
    assert "--limit: '-1' is not a number of launches" in capsys.readouterr().err
