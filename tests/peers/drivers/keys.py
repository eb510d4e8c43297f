"""Creates keys, lists and gets them, and deletes one. Task: `keys` [{name, kind, config, expire}], `delete`."""

from __future__ import annotations

from typing import Any

from tests.peers.drivers.session import Key, S3KeyConfig, WebDavKeyConfig, begin, tell

_CONFIGS = {"s3": S3KeyConfig, "webdav": WebDavKeyConfig}


def shown(key: Any) -> dict[str, Any]:
    names = ("name", "type_", "public", "description", "owner", "creation_date", "expiration_date", "expire_seconds")
    return {name: getattr(key, name) for name in names}


def main() -> None:
    api, task = begin()
    for wanted in task["keys"]:
        config = _CONFIGS[wanted["kind"]](**wanted["config"])
        Key(wanted["name"], config=config, expire_seconds=wanted.get("expire", 0)).create()
    listed = [shown(key) for key in api.get_keys()]
    got = [shown(api.get_key(wanted["name"])) for wanted in task["keys"]]
    if task.get("delete"):
        api.get_key(task["delete"]).delete()
    tell({"listed": listed, "got": got, "left": [key.name for key in api.get_keys()]})


main()
