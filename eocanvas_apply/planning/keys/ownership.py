"""Whose a key is, by the owner that the service shows.

How the service spells the owner of an account is not documented. So another spelling alone proves nothing: it does
where a key of this account shows how the account is spelled.
"""

from __future__ import annotations

from msgspec import Struct

from eocanvas_apply.ledger.fold.key_records import Generation
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.state.observed import Observed, ObservedKey

_DRIVE_PREFIX = "wso2_oidc-"


def bears(seen: ObservedKey, generation: Generation) -> bool:
    """Tell whether the description of a key holds this generation's intent."""
    return generation.intended is not None and generation.intended.intent in seen.description


class Owners(Struct, frozen=True):
    """How the service spells this account as an owner; `own` is empty while no key shows it."""

    account: str
    own: frozenset[str]

    @classmethod
    def of(cls, observed: Observed, recorded: Recorded) -> Owners:
        """Return it as keys show it: by the name of the account, or by what this project creates or has created."""
        made = [g for record in recorded.keys.values() for g in record.generations.values()]
        ours = [seen.owner for g in made if (seen := observed.keys.get(g.name)) and bears(seen, g)]
        ours += [g.created.owner for g in made if g.created and g.created.owner]
        named = [key.owner for key in observed.keys.values() if is_named(key.owner, observed.account)]
        return cls(observed.account, frozenset(filter(None, (*ours, *named))))

    def differ(self, key: ObservedKey) -> bool:
        """Tell whether a key shows an owner, and one that is not spelled as this account is."""
        return bool(key.owner) and key.owner not in self.own and not is_named(key.owner, self.account)

    def exclude(self, key: ObservedKey) -> bool:
        """Tell whether a key is another owner's for sure."""
        return bool(self.own) and self.differ(key)


def is_named(owner: str, account: str) -> bool:
    """Tell whether an owner is an account by its name, with or without the domain and the Drive's prefix."""
    (mine, of_mine), (other, of_other) = _split(account), _split(owner)
    return bool(owner) and mine == other and (of_mine == of_other or not (of_mine and of_other))


def _split(name: str) -> tuple[str, str]:
    user, _, domain = name.strip().casefold().removeprefix(_DRIVE_PREFIX).partition("@")
    return user, domain
