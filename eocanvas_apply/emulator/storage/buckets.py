"""Buckets of an S3 storage, opened with the credentials of a key."""

from __future__ import annotations

from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from eocanvas_apply.emulator.model.job_failures import StorageFailure, missing_file, not_delivered, not_fetched
from eocanvas_apply.emulator.model.keystore import S3Credentials


class Bucket:
    """One bucket, addressed in the path. An empty access key means that it is read without a signature."""

    def __init__(self, credentials: S3Credentials, ca_file: str | None) -> None:
        self._name = credentials.bucket
        session = boto3.session.Session(
            aws_access_key_id=credentials.access_key or None,
            aws_secret_access_key=credentials.secret_key or None,
            region_name=credentials.region or None,
        )
        self._client: Any = session.client(
            "s3",
            endpoint_url=credentials.endpoint,
            verify=ca_file,
            config=Config(
                s3={"addressing_style": "path"},
                signature_version="s3v4" if credentials.access_key else UNSIGNED,
                connect_timeout=5,
                read_timeout=30,
                retries={"total_max_attempts": 2},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def read(self, location: str) -> dict[str, bytes]:
        """Return the object at a path, or all objects under it when it is a folder. Raises StorageFailure."""
        path = location.strip("/")
        try:
            return self._object(path) or self._folder(f"{path}/", location)
        except (BotoCoreError, ClientError) as fault:
            raise StorageFailure(not_fetched(str(fault))) from fault

    def write(self, path: str, content: bytes) -> None:
        """Store an object. Raises StorageFailure."""
        try:
            self._client.put_object(Bucket=self._name, Key=path, Body=content)
        except (BotoCoreError, ClientError) as fault:
            raise StorageFailure(not_delivered(str(fault))) from fault

    def _object(self, path: str) -> dict[str, bytes] | None:
        try:
            return {path: self._get(path)}
        except self._client.exceptions.NoSuchKey:
            return None

    def _folder(self, prefix: str, location: str) -> dict[str, bytes]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix)
        names = [item["Key"] for page in pages for item in page.get("Contents", ())]
        if not names:
            raise StorageFailure(missing_file(location))
        return {name: self._get(name) for name in names}

    def _get(self, path: str) -> bytes:
        content: bytes = self._client.get_object(Bucket=self._name, Key=path)["Body"].read()
        return content
