"""References to secrets. The manifest never holds a secret itself."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from eocanvas_apply.secrets.secret_words import secret_words

Text = Annotated[str, Field(min_length=1)]


class _Reference(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True, defer_build=True)


def _variable(name: str) -> str:
    if _NO_VARIABLE.search(name) or secret_words(name):
        raise PydanticCustomError("literal-secret", "this is not the name of an environment variable")
    return name


# A secret that is written in place of the name would be shown wherever the variable is.
_SHELL_VARIABLE = re.compile(r"\$[A-Z][A-Z0-9_]*|\$\{(?:env[.:])?[A-Z][A-Z0-9_]*\}|%[A-Z][A-Z0-9_]*%")
_NO_VARIABLE = re.compile(r"[^A-Za-z0-9_.()-]")


class EnvReference(_Reference):
    """The value of an environment variable."""

    env: Annotated[Text, AfterValidator(_variable)] = Field(
        description="Name of the environment variable that holds the secret."
    )


def _file_kind(value: Any) -> str:
    return "<named>" if isinstance(value, (dict, EnvReference)) else "<path>"


_FileName = Annotated[
    Annotated[Text, Tag("<path>")] | Annotated[EnvReference, Tag("<named>")],
    Discriminator(_file_kind),
]


class FileReference(_Reference):
    """The text of a file."""

    file: _FileName = Field(
        description="Path of the file that holds the secret, relative to the manifest, or {env: NAME} for the path."
    )


class CommandReference(_Reference):
    """What a command prints."""

    command: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)] = Field(
        description="Command and arguments whose output is the secret; no shell is involved."
    )


class KeyringReference(_Reference):
    """An entry of the system's keyring."""

    keyring: Annotated[tuple[Text, Text], Field(strict=False)] = Field(
        description="Service and user of the keyring entry."
    )


class SopsReference(_Reference):
    """A value in a file encrypted with SOPS."""

    sops: Text = Field(description="Path of the SOPS file, relative to the manifest.")
    at: Text = Field(description="Where the secret is in it, such as a.b.")


_MODELS = {
    "env": EnvReference,
    "file": FileReference,
    "command": CommandReference,
    "keyring": KeyringReference,
    "sops": SopsReference,
}


def _reference_only(value: Any) -> Any:
    if isinstance(value, tuple(_MODELS.values())) or value is None:
        return value
    if isinstance(value, str) and _SHELL_VARIABLE.fullmatch(value):
        raise PydanticCustomError("secret-reference", "variables of the shell are not filled in here")
    if not isinstance(value, dict):
        raise PydanticCustomError("literal-secret", "a secret must not be written in the manifest")
    if not _MODELS.keys() & value.keys():
        raise PydanticCustomError("secret-reference", "not a secret reference")
    if len(_MODELS.keys() & value.keys()) > 1 or value.keys() - _MODELS.keys() - ({"at"} if "sops" in value else set()):
        raise PydanticCustomError("secret-reference", "a secret reference names one place, and no other field")
    return value


def _kind(value: Any) -> str | None:
    given = set(value) if isinstance(value, dict) else {kind for kind, model in _MODELS.items() if type(value) is model}
    return next((f"<{kind}>" for kind in _MODELS if kind in given), None)


SecretReference = Annotated[
    Annotated[EnvReference, Tag("<env>")]
    | Annotated[FileReference, Tag("<file>")]
    | Annotated[CommandReference, Tag("<command>")]
    | Annotated[KeyringReference, Tag("<keyring>")]
    | Annotated[SopsReference, Tag("<sops>")],
    Discriminator(_kind),
    BeforeValidator(_reference_only),
]
