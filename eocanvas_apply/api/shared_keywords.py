"""Keywords that several methods of a class take, and one method declares."""

from __future__ import annotations

from functools import wraps
from inspect import signature
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

S = TypeVar("S")
P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


def asked_through(
    requests: Callable[Concatenate[S, P], Awaitable[R]],
) -> Callable[[Callable[[S, R], Awaitable[T]]], Callable[Concatenate[S, P], Coroutine[Any, Any, T]]]:
    """Give a method that takes requests the keywords of the method that makes them, so that they are declared once."""

    def decorate(method: Callable[[S, R], Awaitable[T]]) -> Callable[Concatenate[S, P], Coroutine[Any, Any, T]]:
        @wraps(method)
        async def asked(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
            return await method(self, await requests(self, *args, **kwargs))

        returned = signature(method).return_annotation
        asked.__signature__ = signature(requests).replace(return_annotation=returned)  # type: ignore[attr-defined]
        asked.__annotations__ = {**requests.__annotations__, "return": returned}
        return asked

    return decorate
