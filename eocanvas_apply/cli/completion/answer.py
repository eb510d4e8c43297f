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
