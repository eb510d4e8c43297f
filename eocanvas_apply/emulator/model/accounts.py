"""Users, their log-ins and their tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from eocanvas_apply.emulator.model.messages import Refusal, coded, message


@dataclass(frozen=True, slots=True)
class User:
    """An account. `origin` names the identity provider of a federated one; such a log-in must name it too."""

    name: str
    password: str
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a log-in gives: an access token for `expires_in` seconds, and one that renews it once."""

    access_token: str
    refresh_token: str
    expires_in: int


class Accounts:
    """Who may come in, and with which tokens. The real service grants tokens for about half an hour."""

    def __init__(self, users: Iterable[User], random: Random, token_life: int = 1744) -> None:
        self._users = {user.name: user for user in users}
        self._random = random
        self._token_life = token_life
        self._access: dict[str, tuple[User, datetime]] = {}
        self._refresh: dict[str, User] = {}

    def log_in(self, name: object, password: object, origin: object, at: datetime) -> Grant:
        """Return new tokens. Raises Refusal (401) when name, password or origin do not fit."""
        user = self._users.get(name) if isinstance(name, str) else None
        if user is None or user.password != password or user.origin != origin:
            raise coded(401, "invalid_grant", "Invalid user credentials")
        return self._grant(user, at)

    def renew(self, refresh_token: str, at: datetime) -> Grant:
        """Return new tokens for a refresh token, which is then used up. Raises Refusal (400)."""
        user = self._refresh.pop(refresh_token, None)
        if user is None:
            raise coded(400, "invalid_grant", "Invalid refresh token")
        return self._grant(user, at)

    def user_of(self, authorization: str, at: datetime) -> User:
        """Return the user of a header `Bearer <token>`. Raises Refusal (401)."""
        scheme, _, token = authorization.partition(" ")
        held = self._access.get(token.strip()) if scheme.lower() == "bearer" else None
        if held is None or held[1] <= at:
            raise unauthorized()
        return held[0]

    def revoke(self) -> None:
        """End every token at once, renewing ones too."""
        self._access.clear()
        self._refresh.clear()

    def _grant(self, user: User, at: datetime) -> Grant:
        access, refresh = (f"{self._random.getrandbits(160):040x}" for _ in range(2))
        self._access[access] = (user, at + timedelta(seconds=self._token_life))
        self._refresh[refresh] = user
        return Grant(access, refresh, self._token_life)


def unauthorized() -> Refusal:
    """Return the answer to a token that is missing, unknown or has ended."""
    return message(401, "The access token is invalid or has expired", {"www-authenticate": "Bearer"})
