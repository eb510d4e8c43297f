"""Stands in for GitHub's `gh`, with the state of the tests: comments, and runs with their artifacts."""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

STATE = Path(os.environ["GITHUB_STATE"])


def comment(args: argparse.Namespace, state: dict[str, Any]) -> None:
    """Edit the last comment of a pull request, or write the first one."""
    comments = state["comments"][args.number]
    text = Path(args.body_file).read_text(encoding="utf-8")
    comments[-1:] = [text]
    (STATE / "github.json").write_text(json.dumps(state), encoding="utf-8")


def main() -> None:
    """Do what one command asks for."""
    assert os.environ["GH_TOKEN"], "no token"
    state = json.loads((STATE / "github.json").read_text(encoding="utf-8"))
    words = sys.argv[1:]
    parser = argparse.ArgumentParser()
    if words[:2] == ["pr", "comment"]:
        parser.add_argument("number")
        parser.add_argument("--edit-last", action="store_true", required=True)
        parser.add_argument("--create-if-none", action="store_true", required=True)
        parser.add_argument("--body-file", required=True)
        comment(parser.parse_args(words[2:]), state)
    elif words[:1] == ["api"]:
        assert words[1].endswith("/pulls")
        assert words[2:] == ["--jq", ".[0].head.sha // empty"]
        sys.stdout.write(f"{state['head'] or ''}\n")
    elif words[:2] == ["run", "list"]:
        for name in ("workflow", "event", "commit", "json", "jq"):
            parser.add_argument(f"--{name}", required=True)
        sys.stdout.write(f"{parser.parse_args(words[2:]).commit}\n")
    elif words[:2] == ["run", "download"]:
        parser.add_argument("run")
        parser.add_argument("--name", required=True)
        args = parser.parse_args(words[2:])
        shutil.copytree(STATE / "artifacts" / args.run / args.name, Path.cwd(), dirs_exist_ok=True)
    else:
        sys.exit(f"gh: no such command here: {words}")


main()
