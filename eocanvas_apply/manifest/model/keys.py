"""The key types of a manifest: what each needs, which fields are sent unsealed, and which way data may go.

The service knows two storage types, S3 and WEBDAV. A public bucket is an S3 key with empty secrets; a WEkEO Drive
is a WebDAV folder whose address and user name follow from the account's name. By the service's documentation a
private S3 takes input and output, a public S3 and EODATA input only, a WEkEO Drive output only, any other WebDAV
both.
"""

from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, Tag
from pydantic_core import PydanticCustomError

from eocanvas_apply.manifest.model.strict import PHYSICAL_NAME, Duration, StrictModel, Text, chosen
from eocanvas_apply.secrets.secret_references import SecretReference
from eocanvas_apply.vocabulary import StorageType

EODATA = "eodata"

_DRIVE_USER = "wso2_oidc-"
_DRIVE_ENDPOINT = "https://wekeo-files.prod.wekeo2.eu/remote.php/dav/files/"


def _not_cert(name: str) -> str:
    if name == "cert":
        raise PydanticCustomError("reserved-name", "no key can be named cert: /keys/cert is the service's own")
    return name


PhysicalName = Annotated[str, Field(pattern=PHYSICAL_NAME), AfterValidator(_not_cert)]


class _ManagedKey(StrictModel):
    storage_type: ClassVar[StorageType]
    storage_name: ClassVar[str]
    readable: ClassVar[bool] = True
    writable: ClassVar[bool] = True
    listable: ClassVar[bool] = False
    plain_names: ClassVar[tuple[str, ...]]
    secret_names: ClassVar[tuple[str, ...]] = ()

    name: PhysicalName | None = Field(
        default=None, description="A fixed name at the service; without it every generation gets a name of its own."
    )
    description: str | None = Field(default=None, description="Your words, put before what eocanvas-apply writes.")
    expires_in: Duration = Field(default=timedelta(days=7), description="Lifetime asked for; at least 1h, default 7d.")
    shared: bool = Field(default=False, description="Let every user of the service use the key (its `public`).")
    keep: bool = Field(default=False, description="Keep the key alive although no job needs it.")

    def plain_config(self) -> dict[str, str]:
        """Return the wire fields that are not secret."""
        return {name: getattr(self, name) for name in self.plain_names}

    def secret_fields(self) -> dict[str, SecretReference]:
        """Return the wire fields that are secret, as references."""
        return {name: getattr(self, name) for name in self.secret_names}


class S3Key(_ManagedKey):
    """A private S3 bucket."""

    storage_type: ClassVar[StorageType] = StorageType.S3
    storage_name: ClassVar[str] = "a private S3 bucket"
    listable: ClassVar[bool] = True
    plain_names: ClassVar[tuple[str, ...]] = ("bucket", "endpoint", "region")
    secret_names: ClassVar[tuple[str, ...]] = ("secret_key", "access_key")

    type: Literal["s3"] = Field(description="A private S3 bucket.")
    bucket: Text = Field(description="Name of the bucket.")
    region: Text = Field(description="Region of the bucket, such as waw3-2.")
    endpoint: Text = Field(description="Address of the S3 service, such as https://s3.waw3-2.cloudferro.com.")
    access_key: SecretReference = Field(description="Where the access key comes from, such as {env: NAME}.")
    secret_key: SecretReference = Field(description="Where the secret key comes from, such as {env: NAME}.")


class PublicS3Key(_ManagedKey):
    """A public S3 bucket: an S3 key whose secrets are empty."""

    storage_type: ClassVar[StorageType] = StorageType.S3
    storage_name: ClassVar[str] = "a public S3 bucket"
    writable: ClassVar[bool] = False
    listable: ClassVar[bool] = True
    plain_names: ClassVar[tuple[str, ...]] = ("bucket", "endpoint", "region")

    type: Literal["s3-public"] = Field(description="A public S3 bucket, to read from.")
    bucket: Text = Field(description="Name of the bucket.")
    region: Text = Field(description="Region of the bucket.")
    endpoint: Text = Field(description="Address of the S3 service.")


class WekeoDriveKey(_ManagedKey):
    """A WEkEO Drive: the account's own WebDAV folder."""

    storage_type: ClassVar[StorageType] = StorageType.WEBDAV
    storage_name: ClassVar[str] = "a WEkEO Drive"
    readable: ClassVar[bool] = False
    secret_names: ClassVar[tuple[str, ...]] = ("password",)

    type: Literal["wekeo-drive"] = Field(description="A WEkEO Drive, to write to.")
    username: Text = Field(description="Name of the WEkEO account, with or without wso2_oidc-.")
    password: SecretReference = Field(description="Where the Drive's app password comes from.")

    def plain_config(self) -> dict[str, str]:
        """Return endpoint and user name as the Drive wants them."""
        user = _DRIVE_USER + self.username.removeprefix(_DRIVE_USER)
        return {"endpoint": _DRIVE_ENDPOINT + user, "username": user}


class WebdavKey(_ManagedKey):
    """A WebDAV folder anywhere."""

    storage_type: ClassVar[StorageType] = StorageType.WEBDAV
    storage_name: ClassVar[str] = "a WebDAV folder"
    plain_names: ClassVar[tuple[str, ...]] = ("endpoint", "username")
    secret_names: ClassVar[tuple[str, ...]] = ("password",)

    type: Literal["webdav"] = Field(description="A WebDAV folder.")
    endpoint: Text = Field(description="Address of the folder.")
    username: Text = Field(description="User name there.")
    password: SecretReference = Field(description="Where the password comes from.")


ManagedKey = S3Key | PublicS3Key | WekeoDriveKey | WebdavKey
_MANAGED: dict[str, type[ManagedKey]] = {
    "s3": S3Key,
    "s3-public": PublicS3Key,
    "wekeo-drive": WekeoDriveKey,
    "webdav": WebdavKey,
}


class ExistingKey(StrictModel):
    """A key that was created elsewhere: never renewed, never deleted."""

    listable: ClassVar[bool] = False

    type: Literal["existing"] = Field(description="A key that is not ours.")
    name: PhysicalName = Field(description="Its name at the service.")
    storage: Literal["s3", "s3-public", "wekeo-drive", "webdav"] = Field(description="What storage it opens.")

    @property
    def storage_type(self) -> StorageType:
        """The service's word for the storage."""
        return _MANAGED[self.storage].storage_type

    @property
    def storage_name(self) -> str:
        """How a message names the storage."""
        return _MANAGED[self.storage].storage_name

    @property
    def readable(self) -> bool:
        """Whether a job may take its input there."""
        return _MANAGED[self.storage].readable

    @property
    def writable(self) -> bool:
        """Whether a job may put its output there."""
        return _MANAGED[self.storage].writable


KEY_TYPES: dict[str, type[ManagedKey | ExistingKey]] = {**_MANAGED, "existing": ExistingKey}


def type_of_key(value: Any) -> str | None:
    """Return the type that a key names, None where it names none."""
    found = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return found if isinstance(found, str) else None


Key = Annotated[
    Annotated[S3Key, Tag("<s3>")]
    | Annotated[PublicS3Key, Tag("<s3-public>")]
    | Annotated[WekeoDriveKey, Tag("<wekeo-drive>")]
    | Annotated[WebdavKey, Tag("<webdav>")]
    | Annotated[ExistingKey, Tag("<existing>")],
    chosen(type_of_key),
]
