"""What a model is made with: people, times, amounts, and each unknown of the service as a field to set either way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

from eocanvas_apply.emulator.model.accounts import User
from eocanvas_apply.emulator.model.clock import parse_seconds

LiveName = Literal["409", "400", "overwrite"]
KeyRead = Literal["submission", "staging-in", "staging-out"]
Dismiss = Literal["supported", "404", "405", "501"]
Logs = Literal["full", "late", "empty", "cut"]
KeyHref = Literal["title", "empty", "null", "missing", "path", "absolute"]
JobStamps = Literal["mixed", "dots", "zulu", "nanoseconds", "space"]
QuotaAnswer = Literal["retry-after", "retry-date", "quota-reset", "bare", "coded", "problem", "html", "empty"]
TokenAt = Literal["both", "identity", "hda-broker"]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the emulated service decides the questions that the public sources leave open.

    Keys: `live_name` is the answer to a POST of a name that is alive, `name_free_after` the seconds for which a
    deleted or expired name is still refused, `expire_cap` the longest lifetime granted in seconds (0: none),
    `expired_keys` whether lists still show them, `key_end` whether expirationDate has a value,
    `key_list` whether the list shows the keys that the user may use or those of all users, `key_owner` how the owner
    of a key is spelled, `foreign_key` the answer to who asks for another user's private key that no list shows,
    `sealed_check` when a text that cannot be decrypted is noticed.
    Launches: `key_read` is the moment when a job reads its keys, `equal_ids` gives equal requests the same job,
    `execution_status` is the status of a launch, `dismiss` the answer to DELETE of a job.
    Lists: `list_lag` hides a new job from the list for so many seconds, `created_skew` is added to its `created`,
    `job_stamps` is the shape of its time stamps, `next_link` whether an exhausted list still names a next page,
    `list_limit` the largest page.
    Logs: `logs` and `log_delay` (seconds after the end, for late ones), `log_shows_chain`, `log_shows_version`.
    Results: `result_href`, `result_title`, and `href_origin` when hrefs and next links name another host, which
    gives results to who has the link and wants no token; `key_href` is the href of what a job wrote to its key.
    `link_life` is for how many seconds an href is honoured (0: for ever),
    `own_links` whether a job can read the href of another job's result.
    Log-in: `token_at` says which of the two token addresses exists.
    Quotas: `quota_answer` is the shape of a 429 of launches and orders; the first three tell when to come back, by
    seconds or a date in Retry-After, or by X-Quota-Reset; the others do not.
    HDA: `search_paging` counts pages by a total or by the next index, `search_limit` is the largest page,
    `product_size` whether sizes are known, `terms_needed` what is refused before a dataset's licences are accepted,
    `order_time` the seconds until an order is ready, `order_life` those until it is gone, `hda_denies` the answer to
    a bad token.
    """

    live_name: LiveName = "409"
    name_free_after: float = 0.0
    expire_cap: int = 0
    expired_keys: Literal["gone", "shown"] = "gone"
    key_end: Literal["shown", "null"] = "shown"
    key_list: Literal["usable", "all"] = "usable"
    key_owner: Literal["account", "id", "none"] = "account"
    foreign_key: Literal["403", "404"] = "403"
    sealed_check: Literal["at-post", "at-use"] = "at-post"
    key_read: KeyRead = "staging-in"
    equal_ids: bool = False
    execution_status: Literal["201", "200"] = "201"
    dismiss: Dismiss = "supported"
    list_lag: float = 0.0
    created_skew: float = 0.0
    job_stamps: JobStamps = "mixed"
    next_link: Literal["always", "when-more"] = "always"
    list_limit: int = 100
    logs: Logs = "full"
    log_delay: float = 60.0
    log_shows_chain: bool = True
    log_shows_version: bool = False
    result_href: Literal["absolute", "relative"] = "absolute"
    result_title: Literal["wks3", "path"] = "wks3"
    key_href: KeyHref = "title"
    href_origin: str = ""
    link_life: float = 0.0
    own_links: Literal["read", "denied"] = "read"
    token_at: TokenAt = "both"  # noqa: S105 - an address
    quota_answer: QuotaAnswer = "retry-after"
    search_paging: Literal["total", "next"] = "total"
    search_limit: int = 100
    product_size: Literal["bytes", "ND"] = "bytes"
    terms_needed: Literal["order", "search", "nothing"] = "order"
    order_time: float = 2.0
    order_life: float = 86400.0
    hda_denies: Literal["401", "403"] = "401"

    @staticmethod
    def names() -> tuple[str, ...]:
        """The fields that can be set."""
        return tuple(each.name for each in fields(Behaviour))

    def changed(self, changes: Mapping[str, object]) -> Behaviour:
        """Return a copy with some fields set, each from a value of its type or from its text.

        Raises ValueError when a field does not exist or a value does not fit.
        """
        hints = get_type_hints(Behaviour)
        unknown = sorted(set(changes) - set(self.names()))
        if unknown:
            raise ValueError(f"no such behaviour: {', '.join(unknown)}; there are {', '.join(self.names())}")
        values: dict[str, Any] = {name: _read(name, hints[name], value) for name, value in changes.items()}
        return replace(self, **values)


def _read(name: str, kind: Any, value: object) -> object:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if get_origin(kind) is Literal:
        return _one_of(name, get_args(kind), text)
    if kind is bool:
        return _one_of(name, ("false", "true"), text) == "true"
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"{name} takes a {kind.__name__}, not {text!r}") from None


def _one_of(name: str, choices: tuple[str, ...], text: str) -> str:
    if text not in choices:
        raise ValueError(f"{name} is one of {', '.join(choices)}, not {text!r}")
    return text


DEFAULT_USER = User("jane", "correct-horse")


@dataclass(frozen=True, slots=True)
class Quota:
    """So many launches within so many seconds; each comes back one period after it was used."""

    jobs: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> Quota:
        """Read `10/1h`. Raises ValueError."""
        number, slash, period = text.partition("/")
        if not slash or not number.isdecimal():
            raise ValueError(f"not a quota: {text!r} (write 10/1h)")
        return cls(int(number), parse_seconds(period))


@dataclass(frozen=True, slots=True)
class Settings:
    """The make-up of an emulated service.

    `job_time` is the seconds from a launch to the job's end, of which the first tenth is spent waiting;
    a job leaves `results_per_job` files of `result_size` bytes. `quotas` hold for launches, `hda_quotas` for orders
    of products. With `storage` "real" the model hands out what is to be read and written instead of making it up.
    """

    users: tuple[User, ...] = (DEFAULT_USER,)
    job_time: float = 2.0
    quotas: tuple[Quota, ...] = ()
    hda_quotas: tuple[Quota, ...] = ()
    token_life: int = 1744
    results_per_job: int = 1
    result_size: int = 4096
    storage: Literal["none", "real"] = "none"
    behaviour: Behaviour = field(default_factory=Behaviour)
