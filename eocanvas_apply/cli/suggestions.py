"""What to write instead of an option or an argument that a command does not have: from slips and from other tools."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence

from eocanvas_apply.diagnostics import nearest

_SHORTEST_BEGINNING = 3
_UNIT = re.compile("(s|m|h|d|w|sec|min|second|minute|hour|day|week)s?")
_WITH_NUMBER = re.compile(r"-[a-zA-Z]\d+")
TAKE_OUT = (
    "`forget ADDRESS` stops managing a job and deletes nothing, `cancel ADDRESS` stops jobs that are running; "
    "a key is deleted by `apply` when the manifest does not have it any more"
)
_DESTROY_ASKS = "destroy shows what it would delete and asks before it deletes anything"

# What Terraform, kubectl, Snakemake, DVC and Make call an option, and what it is here, where the command has it.
_OPTIONS: dict[str, str] = {
    **dict.fromkeys(("approve", "assume-yes", "auto-approve", "no-confirm", "y"), "--yes"),
    **dict.fromkeys(("filter", "select", "selector", "t", "target", "targets"), "--only PATTERN"),
    **dict.fromkeys(("o", "output"), "--format json"),
    **dict.fromkeys(("json", "as-json", "output-json"), "--format json"),
    **dict.fromkeys(("forcerun", "force-rerun", "replace", "rerun", "taint"), "--relaunch ADDRESS"),
    **dict.fromkeys(("rerun-failed", "rerun-incomplete", "retry", "restart-failed"), "--retry-failed"),
    **dict.fromkeys(("timeout", "wait-timeout", "max-wait"), "--wait D"),
    **dict.fromkeys(("async", "detach", "no-follow", "nowait"), "--no-wait"),
    **dict.fromkeys(("debug", "trace", "verbose"), "-v"),
    **dict.fromkeys(("c", "config", "filename", "manifest", "snakefile"), "-f FILE"),
    **dict.fromkeys(("state", "state-file", "statefile"), "--ledger PATH"),
    **dict.fromkeys(("set", "var-file", "variable"), "--var NAME=VALUE"),
    **dict.fromkeys(("color", "colour", "no-colour", "no-ansi"), "--no-color"),
    **dict.fromkeys(("tail", "stream"), "--follow"),
    **dict.fromkeys(("w", "live"), "--watch"),
    **dict.fromkeys(("outdir", "output-dir", "dest", "destination"), "--to DIR"),
    **dict.fromkeys(("e", "environment", "profile", "stage", "workspace"), "--env NAME"),
    **dict.fromkeys(("?", "usage"), "--help"),
}
_REHEARSALS = {
    "apply": "`eocanvas-apply plan` shows what apply would do, and changes nothing",
    "plan": "plan changes nothing, it needs no option for that",
    "destroy": _DESTROY_ASKS,
    "cancel": "cancel shows what it would stop and asks before it does",
    "lock": "`eocanvas-apply plan --refresh-searches` shows what that would change",
}
_LOOK_FIRST = "plan and apply always look at the service first; `plan --refresh-only` does only that"
_LOOKS = dict.fromkeys(("apply", "plan"), _LOOK_FIRST)
_LIMITS = "`max_running: N` in the manifest limits how many jobs run at once, `--limit N` how many one run launches"
_PARALLEL = dict.fromkeys(("apply", "plan"), _LIMITS)
_JSON_OR_FOLDER = {"results": "`--format json` prints JSON, `--fetch --to DIR` downloads into another folder"}
# Where it is another command, or the manifest; `*` stands for all commands that have no own sentence.
_SENTENCES: dict[str, dict[str, str]] = {
    **dict.fromkeys(("check", "dry-run", "dryrun", "just-print", "n", "noop", "preview", "what-if"), _REHEARSALS),
    **dict.fromkeys(("refresh", "refresh-only"), _LOOKS),
    **dict.fromkeys(("concurrency", "cores", "j", "jobs", "max-jobs", "parallel", "parallelism"), _PARALLEL),
    "destroy": {"plan": _DESTROY_ASKS, "apply": "`eocanvas-apply destroy` is a command of its own"},
    "force": {"destroy": "did you mean --yes?", "cancel": "did you mean --yes?"},
    **dict.fromkeys(("o", "output"), _JSON_OR_FOLDER),
    "version": {"*": "eocanvas-apply --version"},
    "V": {"*": "eocanvas-apply --version"},
}


def is_option(word: str, options: Iterable[str]) -> bool:
    """Return whether a word with one dash is the name of an option, here or elsewhere, and not a short one's value."""
    name = _name(word)
    return len(name) > 1 and (f"--{name}" in options or name in _OPTIONS or name in _SENTENCES)


def for_option(command: str, word: str, options: Sequence[str]) -> str:
    """Return a hint for an option that a command does not have: the right one, or all that it has."""
    name = _name(word)
    sentences = _SENTENCES.get(name, {})
    ours = f"--{name}" if f"--{name}" in options else _OPTIONS.get(name, "")
    if sentence := sentences.get(command, sentences.get("*", "")):
        return sentence
    if ours.split(" ")[0] in options:
        return f"did you mean {ours}?"
    # What another tool has is no slip.
    found = None if ours or sentences else begun(f"--{name}", options) or nearest(f"--{name}", options)
    return f"did you mean {found}?" if found else f"the options of {command} are {', '.join(_long(options))}"


def for_argument(command: str, word: str, options: Sequence[str]) -> str:
    """Return a hint for an argument too many, the empty text where there is none."""
    if _UNIT.fullmatch(word):
        return "a duration is one word, such as 2h or 1h30m"
    if word.endswith((".yaml", ".yml")):
        return f"did you mean -f {shlex.quote(word)}?"
    if word.endswith((".json", ".plan")) and command == "apply":
        return "`eocanvas-apply plan --out FILE` writes a plan that can be applied"
    if command.startswith("ledger ") and "--ledger" in options:
        return f"did you mean --ledger {shlex.quote(word)}?"
    if command == "destroy":
        return f"destroy is about the whole project; {TAKE_OUT}"
    if command == "status":
        return f"`eocanvas-apply why {shlex.quote(word)}` shows one job or key"
    return f"did you mean --only {shlex.quote(word)}?" if word and "--only" in options else ""


def _name(word: str) -> str:
    """Return the name of an option, of `-j4` the letter."""
    name = word.lstrip("-").partition("=")[0]
    return name[0] if _WITH_NUMBER.fullmatch(word) else name


def begun(word: str, known: Iterable[str]) -> str | None:
    """Return the one known word that begins so, None where there are several."""
    found = [each for each in known if each.startswith(word)]
    return found[0] if len(found) == 1 and len(word.lstrip("-")) >= _SHORTEST_BEGINNING else None


def _long(options: Sequence[str]) -> list[str]:
    """Return the options without short forms that have a long one."""
    return [each for each in options if each.startswith("--") or each == "-v"]
