from __future__ import annotations

import shlex

import pytest

from eocanvas_apply.manifest.address import Address, resolve, typed


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("job.subset", "job.subset"),
        ("key.scenes#3", "key.scenes#3"),
        ('job.tiles["T32"]', "tiles/T32"),
        ('job.tiles["north (old)"]', "'tiles/north (old)'"),
        ("ADDRESS", "ADDRESS"),
    ],
)
def test_an_address_as_typed_on_the_command_line(address: str, written: str) -> None:
    assert typed(address) == written


def test_an_address_survives_the_shell_and_the_command_line() -> None:
    address = Address.job("tiles", "it's $HOME")
    (word,) = shlex.split(typed(str(address)))
    assert resolve(word, [address]) == (address,)
