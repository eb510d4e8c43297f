"""The answer to a shell that asks how a command goes on: argcomplete speaks with the shell, and finds the argument."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from contextlib import suppress

from argcomplete.completers import BaseCompleter
from argcomplete.finders import CompletionFinder
from argcomplete.lexers import split_line

from eocanvas_apply.cli.completion.command_parser import parser_for


def answer() -> None:
    """Write what may follow to where the shell reads it, and end the process."""
    # A person who types a command must not be shown why there is nothing to offer.
    with suppress(Exception):
        # What is typed next is for the shell: a manifest named /dev/stdin must not take it.
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        words = split_line(os.environ["COMP_LINE"], int(os.environ["COMP_POINT"]))[3]
        _Finder()(parser_for(words[1:]), always_complete_options="long", default_completer=_NOTHING)
    os._exit(1)


class _Nothing(BaseCompleter):
    def __call__(self, **_: object) -> tuple[str, ...]:
        return ()


_NOTHING = _Nothing()


class _Finder(CompletionFinder):
    """Offers options where one is begun, or where nothing else can follow."""

    def collect_completions(
        self, active_parsers: list[ArgumentParser], parsed_args: Namespace, cword_prefix: str
    ) -> list[str]:
        options, self.always_complete_options = self.always_complete_options, False
        found = super().collect_completions(active_parsers, parsed_args, cword_prefix)
        if found or cword_prefix or not options:
            return found
        self.always_complete_options = options
        return super().collect_completions(active_parsers, parsed_args, cword_prefix)

    def filter_completions(self, completions: list[str]) -> list[str]:
        """Return each once; a campaign may have ten thousand instances."""
        return [each for each in dict.fromkeys(completions) if each.isprintable()]

    def quote_completions(
        self, completions: list[str], cword_prequote: str, last_wordbreak_pos: int | None
    ) -> list[str]:
        """Return them as the shell is to read them; bash replaces what stands behind the last quote that is open."""
        if not cword_prequote or os.environ.get("_ARGCOMPLETE_SHELL") != "bash":
            return super().quote_completions(completions, cword_prequote, last_wordbreak_pos)
        before = len(_before_quote(cword_prequote))
        ends = [each[before:] for each in completions]
        quoted = super().quote_completions(ends, cword_prequote, last_wordbreak_pos)
        return quoted if cword_prequote == "'" else [_with_exclamation_marks(each) for each in quoted]


def _before_quote(quote: str) -> str:
    """Return what of the word stands before the quote that is open: it may have been closed and opened again."""
    line = os.fsdecode(os.fsencode(os.environ["COMP_LINE"])[: int(os.environ["COMP_POINT"])])
    while quote in line:
        line = line.rpartition(quote)[0]
        is_open, before, *_ = split_line(line)
        if not is_open and not line.endswith("\\"):
            return str(before)
    return ""


def _with_exclamation_marks(quoted: str) -> str:
    """Return a text for between double quotes in which each `!` stands outside of them.

    Inside, the backslash that guards it from the history would stay. At the end bash takes a double quote for the
    closing one and adds none, so it is added here.
    """
    return quoted.replace(r"\!", r'"\!"') + ('"' if quoted.endswith("!") else "")
