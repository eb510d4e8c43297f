"""What `eocanvas-apply --help` says. It imports no command, so that asking for help costs nothing."""

from __future__ import annotations

from eocanvas_apply.api.exit_codes import MEANINGS
from eocanvas_apply.cli.commands import GROUPS

_HEAD = """\
usage: eocanvas-apply COMMAND [options]
       eocanvas-apply COMMAND --help
       eocanvas-apply --version

Storage keys and processing jobs of WEkEO's EOCanvas, from a manifest, through a plan.
Also installed as `eoc`.
"""

SETTINGS = {
    "HDA_USER, HDA_PASSWORD": "the WEkEO account; else HDA_RC, $EOCANVAS_CONFIG_DIR/.hdarc, ~/.hdarc",
    "EOCANVAS_URL": "the service; default https://gateway.prod.wekeo2.eu/serverless",
    "EOCANVAS_TOKEN_URL": "the whole address of gettoken; default: found beside the service",
    "HDA_URL": "the HDA, up to /api/v1; default: found beside the service",
    "EOCANVAS_APPLY_LEDGER": "the ledger, as --ledger; default .eocanvas/default.jsonl beside the manifest",
    "AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY": "of a ledger in a bucket",
    "PGUSER, PGPASSWORD, PGPASSFILE, PGSERVICE, ...": "the account of a ledger in PostgreSQL, as libpq reads it",
    "EOCANVAS_APPLY_POLICY": "the file of a policy, as --policy",
    "EOCANVAS_APPLY_ALLOW_PATHS": "folders that a manifest may name, as --allow-path",
    "EOCANVAS_APPLY_PEPPER": "a secret of your own in the fingerprints of secrets",
    "SOPS_AGE_KEY, SOPS_AGE_KEY_FILE": "the age key of files encrypted with SOPS, or its file",
    "EOCANVAS_APPLY_POLL, _SETTLE, _SEND_WITHIN, _REQUEST_TIMEOUT": "durations; they replace those of `timing:`",
    "NO_COLOR, FORCE_COLOR": "no colours; colours also where no terminal is",
}

_EXAMPLES = """\
Examples:
  eocanvas-apply init && eocanvas-apply validate
  eocanvas-apply plan
  eocanvas-apply apply
  eocanvas-apply plan -f campaign.yaml --format json --detailed-exitcode
"""


def root_help() -> str:
    """Return the whole text."""
    groups = [_listing(title, group) for title, group in GROUPS.items()]
    exits = _listing("Exit codes", {str(int(code)): meaning for code, meaning in MEANINGS.items()})
    settings = _listing("Settings from the environment", SETTINGS, width=26)
    return "\n".join([_HEAD, *groups, _EXAMPLES, exits, settings])


def _listing(title: str, rows: dict[str, str], width: int = 10) -> str:
    lines = (
        f"  {name:<{width}} {text}\n" if len(name) <= width else f"  {name}\n  {'':<{width}} {text}\n"
        for name, text in rows.items()
    )
    return f"{title}:\n" + "".join(lines)
