"""Sliding quotas, and the shapes in which a gateway may say that one is used up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from eocanvas_apply.emulator.model import clock
from eocanvas_apply.emulator.model.behaviour import Quota, QuotaAnswer
from eocanvas_apply.emulator.model.messages import Refusal, WireResponse, coded, message, problem

_PAGE = b"<!DOCTYPE html><html><body><h1>429 Too Many Requests</h1></body></html>"


def check(quotas: Sequence[Quota], used: Iterable[datetime], at: datetime, answer: QuotaAnswer, words: str) -> None:
    """Raise Refusal (429) in the shape asked for when one more at a moment would be too many for a quota."""
    moments = list(used)
    for quota in quotas:
        counted = _counted(quota, moments, at)
        if len(counted) >= quota.jobs:
            back = min(counted, default=at) + timedelta(seconds=quota.seconds)
            raise _used_up(quota, back, at, answer, words)


def headers(quotas: Sequence[Quota], used: Iterable[datetime], at: datetime) -> dict[str, str]:
    """Return the headers with what is left of the scarcest quota, for an answer that is no refusal."""
    moments = list(used)
    states = [
        (quota.jobs - len(counted), quota, counted) for quota in quotas if (counted := _counted(quota, moments, at))
    ]
    if not states:
        return {}
    left, quota, counted = min(states, key=lambda state: state[0])
    return _quota_headers(quota, left, min(counted, default=at) + timedelta(seconds=quota.seconds))


def _counted(quota: Quota, moments: Sequence[datetime], at: datetime) -> list[datetime]:
    return [moment for moment in moments if moment > at - timedelta(seconds=quota.seconds)]


def _used_up(quota: Quota, back: datetime, at: datetime, answer: QuotaAnswer, words: str) -> Refusal:
    seconds = max(1, -int(-(back - at).total_seconds() // 1))
    if answer == "retry-after":
        return message(429, words, {"retry-after": str(seconds)})
    if answer == "retry-date":
        # A date ends at seconds: the next whole one, so that it is never too early.
        return message(429, words, {"retry-after": clock.http_date(back + timedelta(seconds=1))})
    if answer == "quota-reset":
        return message(429, words, _quota_headers(quota, 0, back))
    return _without_time(answer, words)


def _without_time(answer: QuotaAnswer, words: str) -> Refusal:
    if answer == "coded":
        return coded(429, "TooManyRequests", words)
    if answer == "problem":
        return problem(429, "too-many-requests", "TooManyRequests", words)
    if answer == "html":
        return Refusal(WireResponse(429, {"content-type": "text/html"}, _PAGE))
    if answer == "empty":
        return Refusal(WireResponse(429))
    return message(429, words)


def _quota_headers(quota: Quota, left: int, back: datetime) -> dict[str, str]:
    return {
        "x-quota-limit": str(quota.jobs),
        "x-quota-remaining": str(left),
        "x-quota-reset": str(int(back.timestamp() * 1000) + 1),
    }
