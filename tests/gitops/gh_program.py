"""Stands in for GitHub's `gh`, with the state of the tests: comments, and runs with their artifacts."""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

STATE = Path(os.environ["GITHUB_STATE"])


def written(state: dict[str, Any]) -> None:
    """Keep what has changed."""
    (STATE / "github.json").write_text(json.dumps(state), encoding="utf-8")


def answered(words: list[str], state: dict[str, Any]) -> None:
    """Answer a request to the API; the id of a comment is the number of its pull request and its place."""
    if words[0].endswith("/pulls"):
        assert words[1:] == ["--jq", ".[0].head.sha // empty"]
        sys.stdout.write(f"{state['head'] or ''}\n")
    elif words[0] == "--method":
        assert (words[1], words[3:]) == ("PATCH", ["--field", "body=@comment.md"])
        number, place = words[2].rpartition("/")[2].split("-")
        state["comments"][number][int(place)] = Path("comment.md").read_text(encoding="utf-8")
        written(state)
    else:
        number = words[0].split("/")[-2]
        assert "startswith(env.MARK)" in words[3]
        comments, mark = state["comments"][number], os.environ["MARK"]
        found = [f"{number}-{place}" for place, text in enumerate(comments) if text.startswith(mark)]
        sys.stdout.write("".join(f"{each}\n" for each in found))


def main() -> None:
    """Do what one command asks for."""
    assert os.environ["GH_TOKEN"], "no token"
    state = json.loads((STATE / "github.json").read_text(encoding="utf-8"))
    words = sys.argv[1:]
    parser = argparse.ArgumentParser()
    if words[:2] == ["pr", "comment"]:
        parser.add_argument("number")
        parser.add_argument("--body-file", required=True)
        args = parser.parse_args(words[2:])
        state["comments"][args.number].append(Path(args.body_file).read_text(encoding="utf-8"))
        written(state)
    elif words[:1] == ["api"]:
        answered(words[1:], state)
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
