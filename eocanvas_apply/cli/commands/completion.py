"""`completion`: the script that has a shell ask this program how a command goes on."""

from __future__ import annotations

from argparse import Namespace

from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.terminal.console import Console, Outcome

SHELLS = ("bash", "zsh", "fish")
PROGRAMS = ("eocanvas-apply", "eoc")
EPILOG = """\
The shell then completes commands, options and their values: keys, jobs and instances, environments, variables, saved
plans, files, and the codes of `explain`. Addresses come from the manifest and from a ledger in a file; the service is
not asked. Of a campaign `NAME/` completes its instances. In the file of a shell that starts without the program on its
path, write the program's full path, or the lines of docs/completion.md, which say nothing there.

Examples:
  eval "$(eocanvas-apply completion bash)"      # in ~/.bashrc
  eval "$(eocanvas-apply completion zsh)"       # in ~/.zshrc, behind compinit
  eocanvas-apply completion fish | source       # in ~/.config/fish/config.fish
"""


def add_arguments(parser: Parser) -> None:
    """Declare which shell."""
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Print the script; both names of the program are completed."""
    from argcomplete.shell_integration import shellcode

    script = shellcode(PROGRAMS, shell=args.shell)
    return Outcome(text=lambda _: script)
