"""What a shell is offered: commands, options, and the names that a project has."""

from __future__ import annotations

import argparse
import os

import pytest

from docs import command_arguments, generate
from eocanvas_apply.cli.commands import SUMMARIES
from eocanvas_apply.cli.completion.candidates import VALUES, WITH_KEYS
from eocanvas_apply.cli.completion.command_parser import arguments
from tests.cli.offered import GOOD, Offered, offered_project

__all__ = ["offered_project"]


def test_the_arguments_of_all_commands_are_up_to_date() -> None:
    assert command_arguments.FILE.read_text(encoding="utf-8") == command_arguments.text(generate.every_parser()), (
        "run `make docs`"
    )


# What nobody can guess: a number, a name at the service, a text of one's own.
UNGUESSABLE = {
    *(
        "BYTES",
        "D",
        "FIELD=VALUE",
        "JOB-ID",
        "JSON",
        "KIND[:GLOB]",
        "N",
        "N/D",
        "NAME-OR-JOB-ID",
        "PORT",
        "SHA256",
        "X",
    ),
    *("[ORIGIN/]NAME:PASSWORD", "none|real"),
}


def test_each_value_has_candidates_or_cannot_be_guessed() -> None:
    words = {
        word if isinstance(word, str) else word[0]
        for given in arguments().values()
        for _, about in given
        if (word := about.get("metavar")) and "choices" not in about
    }
    assert words - UNGUESSABLE == VALUES.keys() | {"ADDRESS", "PATTERN"}
    assert words >= UNGUESSABLE


def test_what_takes_a_key_is_a_command_or_an_option() -> None:
    options = {name for given in arguments().values() for names, _ in given for name in names}
    assert {*SUMMARIES, *options} >= WITH_KEYS


def test_all_commands_are_offered_with_what_they_do(offered: Offered) -> None:
    assert offered("eoc ") == SUMMARIES
    assert offered("eoc help ") == SUMMARIES
    assert offered("eoc ex") == {"explain": SUMMARIES["explain"]}
    assert offered("eoc --").keys() == {"--help", "--version"}
    assert offered("eoc no-command ") == {}


@pytest.mark.parametrize("command", [each for each in arguments() if " " not in each])
def test_all_options_of_a_command_are_offered(command: str, offered: Offered) -> None:
    (parser,) = (each for each in generate.every_parser() if each.command == command)
    options = {option for option in parser._option_string_actions if option.startswith("--")}
    # Whole words: what follows `ledger` has options of its own.
    assert offered(f"eoc {command} --").keys() == options


def test_an_option_that_excludes_another_takes_it_away(offered: Offered) -> None:
    assert {"--wait", "--no-wait"} <= offered("eoc apply --").keys()
    assert "--wait" not in offered("eoc apply --no-wait --")
    assert "--no-wait" not in offered("eoc apply --wait 2h --")


def test_a_part_of_a_command_has_its_own_options(offered: Offered) -> None:
    parts = {"show", "verify", "copy", "compact", "create", "rebuild"}
    assert offered("eoc ledger ").keys() == parts
    assert "--yes" in offered("eoc ledger rebuild --")
    assert "--yes" not in offered("eoc ledger show --")


def test_options_are_offered_unasked_only_where_nothing_else_can_follow(offered: Offered) -> None:
    assert "--offline" in offered("eoc status ")
    assert not any(each.startswith("-") for each in offered("eoc why "))
    assert offered("eoc apply --limit ") == {}
    assert offered("eoc status -- ") == {}


def test_the_words_behind_the_cursor_do_not_matter(offered: Offered) -> None:
    assert offered("eoc stat --format json", point=8).keys() == {"status"}


def test_choices_are_offered(offered: Offered) -> None:
    assert offered("eoc deps --format ") == dict.fromkeys(("text", "json", "mermaid", "dot"), "")
    assert offered("eoc deps --format=me").keys() == {"--format=mermaid"}
    assert offered("eoc completion ").keys() == {"bash", "zsh", "fish"}


def test_codes_and_subjects_are_offered(offered: Offered) -> None:
    assert offered("eoc explain roi-b").keys() == {"roi-bounds"}
    assert "storage" in offered("eoc explain ")
    # Also the file of a result.
    assert "eocanvas.yaml" in offered("eoc explain eocanv")


def test_keys_and_jobs_are_offered_where_they_may_stand(offered: Offered) -> None:
    jobs = {"subset": "job", "found": "campaign", "found/": "one of its instances"}
    tiles = {"job.tiles": "campaign", "job.tiles/": "one of its instances"}
    keys = {"scenes": "key", "key.tiles": "key"}
    assert offered("eoc logs ") == jobs | tiles
    assert offered("eoc why ") == jobs | tiles | keys
    assert offered("eoc apply --relaunch ") == jobs | tiles
    assert offered("eoc apply --allow-protected ") == jobs | tiles | keys
    assert offered("eoc why job.s").keys() == {"job.subset"}
    assert offered("eoc why key.").keys() == {"key.scenes", "key.tiles"}


def test_instances_come_from_rows_and_from_the_ledger(offered: Offered) -> None:
    gone, odd = r'"job.tiles[\"T01\"]"', r'"job.found[\"S3A é\"]"'
    offered.events(("job-intended", gone), ("job-observed", odd), ("job-intended", r'"job.tiles[\"T02\"]"'))
    assert offered("eoc results tiles/").keys() == {"tiles/T01", "tiles/T02", "tiles/T32", "tiles/T33"}
    assert offered("eoc results job.tiles/T3").keys() == {"job.tiles/T32", "job.tiles/T33"}
    assert offered("eoc logs found/").keys() == {"found/S3A é"}
    offered.events(("job-intended", gone), ("forgotten", gone))
    assert offered("eoc results tiles/T0") == {}


def test_what_only_the_ledger_has_is_offered_too(offered: Offered) -> None:
    offered.events(("job-intended", '"job.removed"'), ("moved", '"job.old"'))
    assert "removed" in offered("eoc cancel ")
    assert "old" not in offered("eoc cancel ")
    (offered.folder / "eocanvas.yaml").unlink()
    assert offered("eoc cancel ") == {"removed": "job"}


def test_the_ledger_is_the_one_that_is_named(offered: Offered) -> None:
    offered.events(("job-intended", '"job.mine"'), name="mine.jsonl")
    offered.events(("job-intended", '"job.tested"'), name=".eocanvas/test.jsonl")
    assert "mine" in offered("eoc logs --ledger mine.jsonl ")
    assert "tested" in offered("eoc logs --env test ")
    offered.environ["EOCANVAS_APPLY_LEDGER"] = "mine.jsonl"
    assert "mine" in offered("eoc logs ")
    del offered.environ["EOCANVAS_APPLY_LEDGER"]


def test_a_file_that_the_manifest_calls_its_ledger_is_not_read(offered: Offered) -> None:
    offered.events(("job-intended", '"job.mine"'), name="mine.jsonl")
    offered.events(("job-intended", '"job.beside"'))
    for url in ("mine.jsonl", str(offered.folder / "mine.jsonl"), r"\\\\host\\mine.jsonl"):
        offered.write("eocanvas.yaml", f'{GOOD}ledger: {{url: "{url}"}}\n')
        assert offered("eoc logs ").keys().isdisjoint({"mine", "beside"})


@pytest.mark.skipif(os.name == "nt", reason="a host would be asked")
def test_a_path_of_a_host_is_not_looked_at(offered: Offered) -> None:
    for name in ("mine.jsonl", r"\\host"):
        offered.events(("job-intended", '"job.mine"'), name=name)
    path = str(offered.folder / "mine.jsonl")
    for ledger, is_read in ((path, True), (f"/{path}", False), (r"\\host", False)):
        offered.environ["EOCANVAS_APPLY_LEDGER"] = ledger
        assert ("mine" in offered("eoc logs ")) is is_read


def test_environments_and_variables_are_offered(offered: Offered) -> None:
    assert offered("eoc plan --env ").keys() == {"prod", "test"}
    assert offered("eoc plan --var ").keys() == {"year="}
    assert "extra" in offered("eoc why --env test ")
    assert "extra" not in offered("eoc why --env prod ")


def test_the_manifest_is_the_one_that_is_named(offered: Offered) -> None:
    offered.write("other/a.eocanvas.yaml", "jobs: {one: {}}")
    offered.write("other/b.eocanvas.yaml", "jobs: {two: {}}")
    assert offered("eoc logs -f other ").keys() == {"one", "two"}
    assert offered("eoc logs -f other/a.eocanvas.yaml ").keys() == {"one"}


def test_files_are_offered_by_what_they_are(offered: Offered) -> None:
    offered.write("review.plan", '{"saved_plan": {}}')
    offered.write(".hidden.yaml", "")
    offered.write("graphs/a.xml", "")
    assert offered("eoc plan -f ").keys() == {"eocanvas.yaml", "graphs/"}
    assert offered("eoc plan -f ./e").keys() == {"./eocanvas.yaml"}
    assert offered("eoc plan -f graphs/").keys() == {"graphs/a.xml"}
    assert offered("eoc apply ").keys() == {"review.plan", "graphs/"}
    assert offered("eoc results --to ").keys() == {"graphs/"}
    assert offered("eoc plan --out r").keys() == {"review.plan", "rows.csv"}
    assert offered("eoc plan --out no/such/") == {}
    assert offered("eoc plan -f .h").keys() == {".hidden.yaml"}


ODD = {
    "not YAML": b"jobs: [",
    "not text": b"\xff\xfe\x00jobs",
    "a list": b"- jobs",
    "a text for jobs": b"jobs: subset",
    "deep": b"[" * 100_000,
    "many aliases": b"a: &a [1]\n" + b"".join(b"x%d: &x%d [*a, *a]\n" % (n, n) for n in range(50)),
    "odd names": b'jobs: {"$(touch ran)": {}, "\x1b[31m": {}, 1: {}, Upper: {}, ~: {}}',
    "empty": b"",
}


@pytest.mark.parametrize("content", ODD.values(), ids=ODD)
def test_a_manifest_with_faults_has_no_names(content: bytes, offered: Offered) -> None:
    offered.write("eocanvas.yaml", content)
    assert all(each.startswith("-") for each in offered("eoc logs "))
    assert offered("eoc logs tiles/") == {}
    assert offered("eoc plan --env ") == {}


def test_a_manifest_that_a_command_refuses_still_has_names(offered: Offered) -> None:
    offered.write("eocanvas.yaml", GOOD.replace("version: 1", "version: 99\nno-such-field: 1"))
    assert "subset" in offered("eoc logs ")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@pytest.mark.parametrize("name", ["eocanvas.yaml", ".eocanvas/default.jsonl", "pipe"])
def test_a_pipe_is_not_waited_for(name: str, offered: Offered) -> None:
    path = offered.folder / name
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    os.mkfifo(path)
    for line in ("eoc logs ", "eoc logs tiles/", "eoc logs -f pipe ", "eoc apply ", "eoc logs --ledger pipe "):
        offered(line)


def test_an_action_that_the_data_cannot_hold_would_be_found() -> None:
    kinds = {type(each) for parser in generate.every_parser() for each in parser._actions if each.nargs == 0}
    known = {argparse._StoreTrueAction, argparse._AppendConstAction, argparse._StoreConstAction, argparse._HelpAction}
    assert kinds <= known
