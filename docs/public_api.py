"""The public API as Markdown: the signature and the docstring of every public name."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import eocanvas_apply


def blocks() -> Iterator[str]:
    """Yield the Markdown of every name, functions and exceptions under headings of their own."""
    named = {name: getattr(eocanvas_apply, name) for name in eocanvas_apply.__all__}
    faults = {name: value for name, value in named.items() if _is_exception(value)}
    classes = {name: value for name, value in named.items() if inspect.isclass(value) and name not in faults}
    yield "`import eocanvas_apply as eoc`. Any other name may change without notice."
    yield "## Functions"
    for name, value in named.items():
        if not inspect.isclass(value):
            yield f"### {name}"
            yield from _described(f"eoc.{name}", value)
    yield "## Classes"
    for name, value in classes.items():
        yield f"### {name}"
        yield from _class(value)
    yield "## Exceptions"
    yield "All carry `diagnostics`, a tuple of `Diagnostic`."
    yield "\n".join(f"- `{name}` ({_bases(value)}): {_text(value)}" for name, value in faults.items())


def _is_exception(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, BaseException)


def _bases(value: type) -> str:
    return ", ".join(base.__name__ for base in value.__bases__)


def _class(kind: type) -> Iterator[str]:
    yield _text(kind)
    # The values of `build_plan` belong to planning: their methods are no part of the API.
    if not kind.__module__.startswith("eocanvas_apply.api."):
        return
    members = {name: member for name, member in vars(kind).items() if not name.startswith("_")}
    rows = [f"- `{name}`: {_text(member)}" for name, member in members.items() if isinstance(member, property)]
    if rows:
        yield "\n".join(rows)
    for name, member in members.items():
        if inspect.isfunction(member):
            yield from _described(f"{'await ' if inspect.iscoroutinefunction(member) else ''}.{name}", member)


def _signature(function: Any) -> str:
    """Return arguments and result as written, the same on every version of Python."""
    signature = inspect.signature(function)
    arguments: list[str] = []
    marked = False
    for name, argument in signature.parameters.items():
        if argument.kind is argument.KEYWORD_ONLY and not marked:
            arguments, marked = [*arguments, "*"], True
        default = "" if argument.default is argument.empty else f" = {argument.default!r}"
        if name != "self":
            arguments.append(f"{name}: {argument.annotation}{default}")
    return f"({', '.join(arguments)}) -> {signature.return_annotation}"


def _described(name: str, function: Any) -> Iterator[str]:
    yield f"```python\n{name}{_signature(function)}\n```"
    yield _text(function)


def _text(value: Any) -> str:
    """Return a docstring as Markdown, each of its paragraphs on one line."""
    paragraphs = (inspect.getdoc(value) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
