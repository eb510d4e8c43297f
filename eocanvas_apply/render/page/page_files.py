"""The templates of the page, and the styles and scripts that are put into it."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup


def template(name: str) -> Template:
    """Return a template, in which text is escaped; its filters are `base64` of bytes and `json` for a script."""
    return _environment().get_template(name)


@cache
def asset(name: str) -> Markup:
    """Return a style or a script as it stands."""
    return Markup(files(__package__).joinpath("assets", name).read_text(encoding="utf-8"))  # noqa: S704


@cache
def _environment() -> Environment:
    loader = PackageLoader("eocanvas_apply.render.page")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    environment.filters["base64"] = lambda content: b64encode(content).decode()
    environment.filters["json"] = _json
    return environment


def _json(value: object) -> Markup:
    """Return JSON that can stand in an element of script: nothing in it ends that."""
    return Markup(json.dumps(value, separators=(",", ":")).replace("<", "\\u003c"))  # noqa: S704
