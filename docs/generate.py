"""Writes what repeats the program itself: `python -m docs.generate`, or `make docs`.

That is the pages of `docs/reference/`, and the arguments of commands as data for the completion of shells.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from docs import command_arguments, json_documents, messages, public_api
from docs.markdown import anchor, page, plain, table
from eocanvas_apply.api.exit_codes import MEANINGS, PRECEDENCE, Exit
from eocanvas_apply.checks.codes import codes, subjects
from eocanvas_apply.checks.explanations import explanations
from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.commands import GROUPS, SUMMARIES
from eocanvas_apply.cli.program import prepared
from eocanvas_apply.cli.root_help import SETTINGS
from eocanvas_apply.manifest.model.manifest import json_schema
from eocanvas_apply.manifest.model.times import format_duration
from eocanvas_apply.planning.reasons import JOB_ROWS, KEY_ROWS

FOLDER = Path(__file__).parent / "reference"


def pages() -> dict[str, str]:
    """Return the text of every page by its file name."""
    return {
        "commands.md": page("Commands", _commands()),
        "manifest.md": page("Fields of a manifest", _manifest()),
        "diagnostic-codes.md": page("Diagnostic codes", _codes()),
        "messages.md": page("Messages", messages.blocks()),
        "exit-codes.md": page("Exit codes", _exit_codes()),
        "python.md": page("Public API", public_api.blocks()),
        "actions.md": page("Actions and reasons", _actions()),
        "json.md": page("JSON documents", json_documents.blocks()),
    }


# Commands.


def _commands() -> Iterator[str]:
    parsers = {name: parser_of(name) for name in SUMMARIES}
    uses = Counter(row for parser in every_parser() for row in _options(parser._actions))
    shared = {row for row, count in uses.items() if count >= 6}
    yield "`eocanvas-apply COMMAND --help` prints the same on the terminal. `eoc` is the same program."
    for title, group in GROUPS.items():
        yield table((title, ""), ((f"[`{name}`](#{name})", summary) for name, summary in group.items()))
    yield "## Options that many commands share"
    yield table(("option", "meaning"), [row for row in uses if row in shared])
    yield "## Settings from the environment"
    yield table(("variable", "meaning"), ((f"`{name}`", meaning) for name, meaning in SETTINGS.items()))
    for name, parser in parsers.items():
        yield from _command(name, parser, shared)


def parser_of(name: str) -> Parser:
    """Return the parser of a command."""
    return prepared(name)[1]


def every_parser() -> Iterator[Parser]:
    """Yield the parser of each command and of its parts."""
    for parser in map(parser_of, SUMMARIES):
        yield from (parser, *parser.parts.values())


def _command(name: str, parser: Parser, shared: set[tuple[str, str]]) -> Iterator[str]:
    yield f"## {name}"
    yield parser.description or ""
    yield from _arguments(parser, shared)
    for part in parser.parts.values():
        yield f"`eocanvas-apply {part.command}`: {part.description}"
        yield from _arguments(part, shared)
    about, _, examples = (parser.epilog or "").replace("Example:\n", "Examples:\n").partition("Examples:\n")
    if about.strip():
        yield f"```text\n{about.strip()}\n```" if "  " in about else about.strip()
    if examples:
        yield f"```sh\n{re.sub('^  ', '', examples.rstrip(), flags=re.MULTILINE)}\n```"


def _arguments(parser: Parser, shared: set[tuple[str, str]]) -> Iterator[str]:
    for group in parser._action_groups:
        rows = [row for row in _options(group._group_actions) if row not in shared]
        standard = group.title in ("options", "positional arguments")
        if rows:
            yield table(("argument" if standard else f"{group.title}", "meaning"), rows)
    also = [row[0] for row in _options(parser._actions) if row in shared]
    if also:
        yield f"Shared: {', '.join(also)}."


def _options(actions: Iterable[argparse.Action]) -> list[tuple[str, str]]:
    """Return how each argument is written, and its help."""
    expand = argparse.HelpFormatter("")._expand_help
    return [(_written(a), expand(a)) for a in actions if a.help and not isinstance(a, argparse._HelpAction)]


def _written(action: argparse.Action) -> str:
    value = action.metavar or (action.choices and "|".join(map(str, action.choices))) or action.dest.upper()
    value = " ".join(value) if isinstance(value, tuple) else str(value)
    if not action.option_strings:
        return f"`{value}`"
    words = "" if action.nargs == 0 else f" {value}"
    return ", ".join(f"`{option}{words}`" for option in action.option_strings)


# Diagnostic codes.


def _codes() -> Iterator[str]:
    yield (
        "Every diagnostic has a stable code, shown in brackets and in JSON as `code`. The severity is its highest. "
        "Where the table says so, `checks: {CODE: error|warning|info}` in the manifest or a job changes it."
    )
    for subject, title in subjects().items():
        yield f"**{subject}**: {title}"
        rows = (
            (f"[`{c.name}`](#{c.name})", str(c.severity.value), "yes" if c.adjustable else "", plain(c.about))
            for c in codes().values()
            if c.subject == subject
        )
        yield table(("code", "severity", "`checks:`", "meaning and what to do"), rows)
    yield (
        "`eocanvas-apply explain CODE` prints the following on the terminal, and `eocanvas-apply explain SUBJECT` "
        "lists the codes of a subject."
    )
    for code in codes().values():
        found = explanations()[code.name]
        yield f"## {code.name}"
        yield f"{plain(code.about)} {plain(found.why)}"
        if found.says:
            yield f"Says:\n\n```text\n{found.says}\n```"
        yield f"Before:\n\n```text\n{found.before}\n```"
        yield f"After:\n\n```text\n{found.after or '(removed)'}\n```"


# Exit codes.


def _exit_codes() -> Iterator[str]:
    yield table(("code", "meaning"), ((str(int(code)), MEANINGS[code]) for code in Exit))
    yield f"When several hold, the first of these counts: {', '.join(str(int(code)) for code in PRECEDENCE)}."


# Actions and reasons.


def _actions() -> Iterator[str]:
    yield "Every address of a plan has one action and one reason. `why ADDRESS` shows them with the next step."
    for title, reasons in (("Keys", KEY_ROWS), ("Jobs", JOB_ROWS)):
        yield f"## {title}"
        yield table(
            ("action", "reason", "meaning", "next step"),
            ((f"`{row.action}`", f"`{row.reason}`", row.words, _next_step(row.advice)) for row in reasons.values()),
        )


def _next_step(advice: str) -> str:
    return advice.format(address="ADDRESS", until="").replace("eocanvas-apply ", "")


# The manifest.

# Models by their headings, in reading order; a group's common fields are listed once, under its own heading.
_MODELS: Mapping[str, Mapping[str, str]] = {
    "Keys": {
        "S3Key": "A key of type s3",
        "PublicS3Key": "A key of type s3-public",
        "WekeoDriveKey": "A key of type wekeo-drive",
        "WebdavKey": "A key of type webdav",
    },
    "Keys of others": {"ExistingKey": "A key of type existing"},
    "Secrets": {
        "EnvReference": "A secret from the environment",
        "FileReference": "A secret from a file",
        "CommandReference": "A secret from a command",
        "KeyringReference": "A secret from the keyring",
        "SopsReference": "A secret from a SOPS file",
    },
    "Jobs": {
        "SnapJob": "A job with a SNAP graph",
        "TailorJob": "A job with a Data Tailor chain",
        "RawJob": "A job of another process",
        "PointsFile": "A file of points",
        "PointColumns": "Columns of points",
    },
    "Inputs": {
        "KeyInput": "An input from a storage",
        "ProductInput": "An input from the catalogue",
        "UrlInput": "An input from a URL",
        "ResultInput": "An input from another job",
    },
    "Outputs": {"ToKey": "An output to a storage", "ToDownload": "An output to download"},
    "Campaigns": {
        "Step": "A step of for_each",
        "CsvFile": "A CSV file",
        "JsonFile": "A JSON file",
        "Days": "Days",
        "S3Prefix": "A prefix in a bucket",
        "PickBy": "Pick by a column",
    },
    "Other fields": {
        "Defaults": "Fields that keys and jobs share",
        "QuotaWindow": "A window of the quota",
        "Timing": "Waiting times",
        "Severity": "Severities",
        "LedgerSettings": "Ledger settings",
        "Moved": "A moved address",
        "Notify": "A notification",
    },
}
_HEADINGS = {model: heading for group in _MODELS.values() for model, heading in group.items()}


def _manifest() -> Iterator[str]:
    schema = json_schema()
    models = schema["$defs"]
    yield (
        "A field without a default must be given. Durations are numbers with units, `ms s m h d w`, such as `1h30m`. "
        "Fields whose names begin with `x-` are yours: the program does not read them."
    )
    yield "## Top level"
    yield _fields(schema, schema["properties"])
    for title, group in _MODELS.items():
        yield f"## {title}"
        common = _common([models[name]["properties"] for name in group if "properties" in models[name]])
        if common:
            yield "Fields of all of these:"
            yield _fields(models[next(iter(group))], common)
        for name, heading in group.items():
            yield f"### {heading}"
            yield models[name].get("description", "")
            own = {k: v for k, v in models[name].get("properties", {}).items() if k not in common}
            yield _fields(models[name], own) if own else ", ".join(f"`{word}`" for word in models[name]["enum"])


def _common(models: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first, *others = models
    return {k: v for k, v in first.items() if others and all(other.get(k) == v for other in others)}


def _fields(model: Mapping[str, Any], fields: Mapping[str, Any]) -> str:
    required = model.get("required", ())
    rows = (
        (f"`{name}`", _kind(field), "" if name in required else _default(field), str(field.get("description", "")))
        for name, field in fields.items()
    )
    return table(("field", "type", "default", "meaning"), rows)


def _default(field: Mapping[str, Any]) -> str:
    value = field.get("default")
    if isinstance(value, str) and _is_duration(field):
        return f"`{format_duration(TypeAdapter(timedelta).validate_python(value))}`"
    if value is None or value in ([], {}, ""):
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _is_duration(field: Mapping[str, Any]) -> bool:
    return "1h30m" in field.get("examples", ()) or any(map(_is_duration, field.get("anyOf", ())))


def _kind(field: Mapping[str, Any]) -> str:
    """Return a type in words: a word, a list of words, or a link to the fields of a mapping."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{_HEADINGS[name][:1].lower() + _HEADINGS[name][1:]}](#{anchor(_HEADINGS[name])})"
    if several := field.get("anyOf") or field.get("oneOf"):
        names = [each.get("$ref", "").rpartition("/")[2] for each in several]
        if group := next((title for title, models in _MODELS.items() if list(models) == names), None):
            return f"one of the [{group.lower()}](#{anchor(group)})"
        return " or ".join(dict.fromkeys(filter(None, map(_kind, several))))
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{word}`" for word in field["enum"])
    return _plain_kind(field)


def _plain_kind(field: Mapping[str, Any]) -> str:
    kind = field.get("type", "any")
    if kind == "null" or _REFERENCE in field.get("pattern", ""):
        return ""
    if kind == "array":
        return f"list of {_kind(field['items'])}" if field.get("items") else "list"
    if kind == "object":
        inner = next(iter(field.get("patternProperties", {}).values()), field.get("additionalProperties"))
        return f"mapping to {_kind(inner)}" if isinstance(inner, dict) else "mapping"
    if _is_duration(field):
        return "duration"
    least = f", at least {field['minimum']}" if "minimum" in field else ""
    return str({"string": "text", "boolean": "true or false"}.get(kind, kind)) + least


_REFERENCE = r"\$\{each"


def write(folder: Path = FOLDER) -> None:
    """Write every page, and the arguments of commands."""
    command_arguments.FILE.write_text(command_arguments.text(every_parser()), encoding="utf-8")
    folder.mkdir(exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
