from __future__ import annotations

from pathlib import Path
from typing import Any

import pyrage
import pytest

from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.secrets.secret_references import SopsReference
from eocanvas_apply.secrets.secret_sources import Resolved, SecretSources
from eocanvas_apply.secrets.sops_files import SopsFile, age_identities
from tests.secrets.sops import as_json, as_yaml, encrypted

MINE, OTHER = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
DATA: dict[str, Any] = {
    "scenes": {"access_key": "AK", "secret_key": "s3cr3t äß", "port": 8443, "ratio": 0.5, "on": True, "none": None},
    "region_plain": "waw3-2",
    "old": [{"key": "first"}, {"key": "second"}],
}


def resolved(folder: Path, at: str, document: bytes, name: str = "s.yaml", **environ: str) -> Resolved:
    (folder / name).write_bytes(document)
    keys = environ or {"SOPS_AGE_KEY": f"# mine\n{MINE}\n"}
    return SecretSources(keys, folder).resolve(SopsReference(sops=name, at=at))


def codes(found: Resolved) -> list[str]:
    assert found.secret is None
    return [each.code for each in found.diagnostics]


@pytest.mark.parametrize(
    ("at", "text"),
    [
        ("scenes.secret_key", "s3cr3t äß"),
        ("scenes.port", "8443"),
        ("scenes.ratio", "0.5"),
        ("scenes.on", "True"),
        ("region_plain", "waw3-2"),
        ("old.1.key", "second"),
    ],
)
@pytest.mark.parametrize("only_encrypted", [False, True])
def test_a_value_is_decrypted(at: str, text: str, only_encrypted: bool, tmp_path: Path) -> None:
    document = encrypted(DATA, OTHER.to_public(), MINE.to_public(), only_encrypted=only_encrypted)
    assert resolved(tmp_path, at, as_yaml(document)).secret == Secret(text)
    assert resolved(tmp_path, at, as_json(document), "s.json").secret == Secret(text)


def test_the_key_comes_from_where_sops_looks(tmp_path: Path) -> None:
    document = as_yaml(encrypted(DATA, MINE.to_public()))
    file = tmp_path / "sops" / "age" / "keys.txt"
    file.parent.mkdir(parents=True)
    file.write_text(f"{OTHER}\n\nAGE-PLUGIN-YUBIKEY-1QQQ\n{MINE}\n", encoding="utf-8")
    for environ in ({"SOPS_AGE_KEY_FILE": str(file)}, {"XDG_CONFIG_HOME": str(tmp_path)}):
        assert resolved(tmp_path, "scenes.access_key", document, **environ).secret == Secret("AK")


def test_a_value_moved_to_another_place_is_not_taken(tmp_path: Path) -> None:
    document = encrypted(DATA, MINE.to_public())
    document["scenes"]["access_key"] = document["scenes"]["secret_key"]
    assert codes(resolved(tmp_path, "scenes.access_key", as_yaml(document))) == ["secret-sops"]


@pytest.mark.parametrize("change", ["removed", "plain", "older"])
def test_a_file_that_was_changed_afterwards_is_refused(change: str, tmp_path: Path) -> None:
    document = encrypted(DATA, MINE.to_public())
    if change == "removed":
        del document["scenes"]["port"]
    elif change == "plain":
        document["region_plain"] = "fra1"
    else:
        document["sops"]["lastmodified"] = "2020-01-02T03:04:05Z"
    assert codes(resolved(tmp_path, "scenes.secret_key", as_yaml(document))) == ["secret-sops"]


FAULTS = {
    "other-key": (encrypted(DATA, OTHER.to_public()), "scenes.secret_key", "is encrypted for other age keys"),
    "no-age": (encrypted(DATA), "scenes.secret_key", "is not encrypted for an age key"),
    "plain": (DATA, "scenes.secret_key", "is not encrypted with SOPS"),
    "nowhere": (encrypted(DATA, MINE.to_public()), "scenes.secret_kee", "has nothing at 'scenes.secret_kee'"),
    "several": (encrypted(DATA, MINE.to_public()), "scenes", "has no single value at 'scenes'"),
    "null": (encrypted(DATA, MINE.to_public()), "scenes.none", "has no single value at 'scenes.none'"),
}


@pytest.mark.parametrize(("document", "at", "words"), FAULTS.values(), ids=FAULTS)
def test_each_failure_says_what_it_is_and_no_value(
    document: dict[str, Any], at: str, words: str, tmp_path: Path
) -> None:
    found = resolved(tmp_path, at, as_yaml(document))
    assert codes(found) == ["secret-sops"]
    assert words in found.diagnostics[0].message
    assert not any("s3cr3t" in str(each) for each in found.diagnostics)


WRITTEN = Path(__file__).parent / "written_by_sops"


@pytest.mark.parametrize("name", ["gone.txt", "."])
def test_a_file_of_keys_that_cannot_be_read_is_said_to_be_that(name: str, tmp_path: Path) -> None:
    document = as_yaml(encrypted(DATA, MINE.to_public()))
    found = resolved(tmp_path, "scenes.access_key", document, SOPS_AGE_KEY_FILE=str(tmp_path / name))
    assert codes(found) == ["secret-sops"]
    assert found.diagnostics[0].message.startswith("the age keys cannot be read: ")
    assert "SOPS_AGE_KEY_FILE" in found.diagnostics[0].hint


@pytest.mark.parametrize("name", ["odd.yaml", "odd.json", "only_encrypted.yaml"])
@pytest.mark.parametrize(("at", "text"), [("scenes.secret_key", "s3cr3t äß"), ("scenes.tls.key", "dotted")])
def test_a_file_that_the_sops_program_wrote_is_read(name: str, at: str, text: str) -> None:
    """It holds comments, a merge, and words and numbers that versions of YAML read differently."""
    sources = SecretSources({"SOPS_AGE_KEY_FILE": str(WRITTEN / "age.txt")}, WRITTEN)
    assert sources.resolve(SopsReference(sops=name, at=at)) == Resolved(Secret(text))


@pytest.mark.parametrize(
    ("at", "text"),
    [
        ("on", "word"),
        ("scenes.listed.1", "2.5"),
        ("scenes.listed.2.name", "inner"),
        ("scenes.exponent", "1000"),
        ("scenes.lines", "one\ntwo"),
        ("use.<<.x", "1"),
        ("plain.country_unencrypted", "no"),
        ("plain.small_unencrypted", "0.0000001"),
        ("plain.large_unencrypted", "10000000000000000000000"),
    ],
)
def test_values_are_the_texts_that_the_sops_program_encrypts(at: str, text: str) -> None:
    content = (WRITTEN / "odd.yaml").read_bytes()
    identities = age_identities((WRITTEN / "age.txt").read_text(encoding="utf-8"))
    assert SopsFile("odd.yaml", content).value(at, identities) == text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"A=ENC[AES256_GCM,data:Pg==,iv:Pg==,tag:Pg==,type:str]\n", "is neither YAML nor JSON"),
        (b"a: x\n---\nb: y\n", "cannot be read as one document"),
    ],
    ids=["dotenv", "several"],
)
def test_a_sops_file_of_another_form_is_not_called_unencrypted(content: bytes, words: str, tmp_path: Path) -> None:
    found = resolved(tmp_path, "A", content)
    assert words in found.diagnostics[0].message
    assert "sops, decrypt" in found.diagnostics[0].hint


@pytest.mark.parametrize("content", [b"", b"a: [", b"\xff\xfe", b"&a [*a]", b"sops: 5", b"[" * 2000, b"- 1"])
def test_what_is_no_sops_file_is_refused(content: bytes, tmp_path: Path) -> None:
    assert codes(resolved(tmp_path, "a", content)) == ["secret-sops"]


def test_without_a_key_it_says_which_variable_names_one(tmp_path: Path) -> None:
    found = resolved(tmp_path, "scenes.port", as_yaml(encrypted(DATA, MINE.to_public())), HOME=str(tmp_path))
    assert codes(found) == ["secret-sops"]
    assert "SOPS_AGE_KEY_FILE" in found.diagnostics[0].hint


def test_a_damaged_key_is_not_repeated(tmp_path: Path) -> None:
    broken = str(MINE)[:-3]
    found = resolved(tmp_path, "scenes.port", as_yaml(encrypted(DATA, MINE.to_public())), SOPS_AGE_KEY=broken)
    assert codes(found) == ["secret-sops"]
    assert broken[:30] not in str(found.diagnostics)


@pytest.mark.parametrize("innermost", ["[x]", "[]", "{}", "[null]"])
def test_aliases_that_unfold_to_millions_of_values_are_not_followed(innermost: str, tmp_path: Path) -> None:
    lines = [f"a0: &a0 {innermost}"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    document = encrypted({"b": "x"}, MINE.to_public())
    text = "\n".join(lines).encode() + b"\n" + as_yaml(document)
    found = resolved(tmp_path, "b", text)
    assert codes(found) == ["secret-sops"]
    assert "more than 100,000 values" in found.diagnostics[0].message


ODD = {
    "tag": (b"x: !!bool maybe\n", "s.yaml"),
    "digits": (b"x: 0x" + b"f" * 5000 + b"\n", "s.yaml"),
    "half": (b'{"x": "\\ud800", ', "s.json"),
    "itself": (b"x: &x [*x]\n", "s.yaml"),
}


@pytest.mark.parametrize(("begin", "name"), ODD.values(), ids=ODD)
def test_a_file_with_what_sops_never_writes_is_refused(begin: bytes, name: str, tmp_path: Path) -> None:
    document = encrypted({"b": "x"}, MINE.to_public())
    rest = as_yaml(document) if name == "s.yaml" else as_json(document)[1:]
    assert codes(resolved(tmp_path, "b", begin + rest, name)) == ["secret-sops"]
