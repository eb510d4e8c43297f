"""What a policy may say. A rule that it does not name forbids nothing."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from eocanvas_apply.manifest.model.strict import Duration, StrictModel, Text

SecretKind = Literal["env", "file", "command", "keyring", "sops"]
Count = Annotated[int, Field(ge=0)]


class Policy(StrictModel):
    """Limits that no manifest can change. Patterns are those of a shell: `*` stands for any characters."""

    version: Literal[1] = Field(description="Version of this format.")
    locked_codes: list[Text] | None = Field(
        default=None, description="Patterns of diagnostic codes whose severity no manifest may lower with `checks:`."
    )
    launches_per_run: Count | None = Field(default=None, description="The most launches of one run.")
    launches_in_all: Count | None = Field(default=None, description="The most launches of a ledger, all runs together.")
    deletes_per_run: Count | None = Field(default=None, description="The most keys that one run may delete.")
    expires_in: Duration | None = Field(default=None, description="The longest life of a key.")
    buckets: list[Text] | None = Field(default=None, description="Patterns of the buckets that keys may open.")
    endpoints: list[Text] | None = Field(
        default=None, description="Patterns of the endpoints that keys may name; protocol and host match by themselves."
    )
    existing_keys: list[Text] | None = Field(
        default=None,
        description="Patterns of the names of keys of type existing. Without it `buckets` and `endpoints` refuse them, "
        "for what they open is not known.",
    )
    shared: bool | None = Field(default=None, description="Whether a key may be shared with all users of the service.")
    environment: list[Text] | None = Field(
        default=None, description="Patterns of the environment variables that secret references may name."
    )
    secrets: list[SecretKind] | None = Field(default=None, description="The kinds of secret references.")
    downloads: list[Text] | None = Field(
        default=None, description="Patterns of the folders that results may go to; a folder stands for all below it."
    )
    reads: list[Text] | None = Field(
        default=None, description="Patterns of the files that a manifest may name; a folder stands for all below it."
    )
    processes: list[Text] | None = Field(default=None, description="Patterns of the ids of processes.")
    datasets: list[Text] | None = Field(
        default=None, description="Patterns of the datasets that searches and products may name."
    )
    licences: list[Text] | None = Field(
        default=None, description="Patterns of the licences that `accept_terms` may accept."
    )
    hosts: list[Text] | None = Field(
        default=None, description="Patterns of the hosts that `url` inputs and `notify` may name."
    )
    accounts: list[Text] | None = Field(default=None, description="Patterns of the accounts that may be used.")
