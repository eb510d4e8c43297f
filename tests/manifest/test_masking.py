from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.diagnostics import Position
from eocanvas_apply.manifest.loading import load

SECRET = "hunter2"
HEAD = "version: 1\nproject: p\n"
HIDDEN = [
    "keys: {a: {secret_key: hunter2}}\n",
    "keys: {a: {secret_key: 'hunter2'}} # hunter2\n",
    "keys:\n  a:\n    password: |\n      hunter2\n      and hunter2\n",
    "keys:\n  a:\n    password: >-\n\n      hunter2\n",
    'keys:\n  a:\n    password: "one\n      hunter2\n      three"\n',
    "keys:\n  a:\n    password: one\n      hunter2\n",
    "keys:\n  a:\n    # hunter2\n    type: s3\n",
    "keys:\n  a: {type: s3, type: hunter2}\n",
    "keys: {}\nkeys: {a: {secret_key: hunter2}}\n",
    "keys: {a: &x {secret_key: [hunter2, {b: hunter2}]}, b: *x}\n",
    "x-secret: &s hunter2\nkeys: {a: {secret_key: *s}}\n",
    "keys: {a: {password: {hunter2}}}\n",
    "keys: {a: {password: {env: hunter2}}}\n",
    "keys: {a: {endpoint: 'https://jane:hunter2@example.test'}}\n",
    "keys: {a: {endpoint: [hunter2]}}\n",
    "keys: hunter2\n",
    "keys: [hunter2]\n",
    "keys: {a: hunter2}\n",
    "keys: {a: {type: s3}, a: {secret_key: hunter2}}\n",
    "{keys: {a: {type: s3}}} # hunter2\n",
    "x-keys: &k {a: {secret_key: hunter2}} # hunter2\nkeys: *k\n",
    "keys: # hunter2\n  a: {type: s3} # hunter2\n  # hunter2\n",
    "keys: {a: {secret_key: !!str hunter2}}\n",
    "keys: {a: {secret_key: &hunter2 x}}\n",
    "keys:\n  a: {secret_key: hunter2\n",
    "keys:\n  a: {secret_key: 'hunter2\nproject: x\n",
    "keys:\n  a:\n    secret_key: hunter2: x\n",
    "keys:\n\ta: hunter2\n",
    "{keys: {a: {secret_key: hunter2}}, x: {\n",
    "---\nkeys: {a: hunter2}\n",
    "defaults: {keys: {type: s3, secret_key: hunter2}}\n",
    "defaults:\n  keys: # hunter2\n    secret_key: hunter2\n",
    "environments: {prod: {keys: {a: {secret_key: hunter2}}}}\n",
    "environments: {prod: {keys: {a: hunter2}}}\n",
    "environments: {prod: {defaults: {keys: {other: hunter2}}}}\n",
    "environments: {keys: {a: hunter2}}\n",
    "environments:\n  prod:\n    keys:\n      a:\n        secret_key: hunter2: x\n",
    '"keys": {a: {secret_key: hunter2}}\n',
    '"keys": {a: {secret_key: hunter2}}, {\n',
    "x-notes: {secret_key: hunter2}\n",
    "x-notes:\n  password:\n    hunter2\n",
    "x-notes: {secret_key: hunter2, b: [\n",
    "jobs: {a: {process: x, inputs: {password: {b: [hunter2]}}}}\n",
    "jobs: {a: {process: x, inputs: {text: 'secret_key=hunter2'}}}\n",
    "keys: {secret_key=hunter2: {}}\n",
    "keys: {a: {secret_key=hunter2: }}\n",
    "keys:\n  a:\n    secret_key=hunter2:\n",
    "secret_key=hunter2: 1\n",
]
# As a storage, AWS in its documentation and two forms, and a WEkEO Drive make them.
RANDOM = [
    "1c5a0f3e9b7d4826a0b1c2d3e4f50617",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AKIAIOSFODNN7EXAMPLE",
    "q7Zt0Kx2mPdV9sLwB4nRfYhJ6cGa1eUo3TiXkQbz",
    "a1b2C-d3e4F-g5h6I-j7k8L-m9n0O",
]
ANYWHERE = [
    "keys: {%s: {type: s3}}\n",
    "keys: {a: {type: %s}}\n",
    "keys: {a: {%s: 1}}\n",
    "keys: {a: {bucket: %s, type: x}}\n",
    "keys:\n  a:\n    type: %s\n    bucket: [\n",
    "x-notes: [%s]\nfoo: 1\n",
    "%s: 1\n",
    "jobs: {%s: {process: x}}\n",
    "jobs: {a: {process: x, inputs: {b: %s}, foo: 1}}\n",
]


def shown(text: str) -> list[str]:
    loaded = load(text, "f")
    numbers = range(1, len(text.splitlines()) + 2)
    places = (Position("f", number, column) for number in numbers for column in (1, 30))
    lines = [found.text for place in places if (found := loaded.snippet(place))]
    texts = [word for each in loaded.diagnostics for word in (each.message, each.hint, each.snippet or "")]
    return lines + texts


def line_at(text: str, line: int, column: int = 1) -> str | None:
    found = load(text, "f").snippet(Position("f", line, column))
    return found.text if found else None


@pytest.mark.parametrize("text", HIDDEN)
@pytest.mark.parametrize("head", ["", HEAD])
def test_no_log_line_and_no_message_shows_a_secret(head: str, text: str) -> None:
    # The names in a block of keys are shown, so a short secret in the place of a name is shown too.
    assert [line for line in shown(head + text) if SECRET in line] == []


@pytest.mark.parametrize("secret", RANDOM)
@pytest.mark.parametrize("text", ANYWHERE)
def test_a_word_that_looks_like_a_secret_is_hidden_wherever_it_stands(text: str, secret: str) -> None:
    lines = shown(HEAD + text % secret)
    assert lines
    assert [line for line in lines if secret in line] == []


def test_of_a_text_that_cannot_be_read_plain_fields_of_keys_are_shown() -> None:
    text = HEAD + "keys:\n  a: {type: s3, bucket: olci, x: hunter2, secret_key: hunter2, region: waw3-2\nproject: [\n"
    assert line_at(text, 4) == "  ***: {type: s3, bucket: olci, ***: ***, secret_key: ***, region: waw3-2"


def test_plain_fields_and_names_are_shown() -> None:
    text = HEAD + "keys:\n  scenes: {type: s3, bucket: olci, region: r, access_key: {env: NAME}, expires_in: 7d}\n"
    assert line_at(text, 4) == "  scenes: {type: s3, bucket: olci, region: r, access_key: {env: ***}, expires_in: 7d}"


@pytest.mark.parametrize("comment", ["renewed in time", "old: hunter2", "***"])
@pytest.mark.parametrize("field", ["expires_in: 7d", "{type: s3, access_key: {env: NAME}}", "access_key: x#y"])
def test_a_comment_behind_a_field_is_left_out_whole(field: str, comment: str) -> None:
    bare, commented = (
        f"{HEAD}keys:\n  a: {text}\n".replace("a: e", "a:\n    e") for text in (field, f"{field} # {comment}")
    )
    number = 5 if "\n    e" in bare else 4
    assert line_at(commented, number) == line_at(bare, number)


def test_a_line_that_is_only_a_comment_shows_that_something_stands_there() -> None:
    assert line_at(f"{HEAD}keys:\n  # hunter2\n  a: {{type: s3}}\n", 4) == "  ***"


@pytest.mark.parametrize(
    "field", ["buckt", "regoin", "end_point", "Type", "user-name", "expires", "storag", "desciption"]
)
def test_the_value_of_a_misspelt_plain_field_is_shown(field: str) -> None:
    assert line_at(f"{HEAD}keys:\n  a: {{{field}: olci}}\n", 4) == f"  a: {{{field}: olci}}"


@pytest.mark.parametrize(
    "field", ["pasword", "secretkey", "acces_key", "token", "api_key", "bucket_key", "user_pass", "x", "credentials"]
)
def test_the_value_of_a_field_that_could_be_a_secret_is_hidden(field: str) -> None:
    assert line_at(f"{HEAD}keys:\n  a: {{{field}: olci}}\n", 4) == f"  a: {{{field}: ***}}"


def test_a_value_that_is_also_a_secret_elsewhere_is_hidden() -> None:
    text = f"{HEAD}keys:\n  a: {{bucket: &b hunter2, password: *b}}\n"
    assert SECRET not in (line_at(text, 4) or "")


def test_a_long_line_is_cut_around_the_place_and_masked() -> None:
    keys = ", ".join(f"k{number}: {{type: s3, password: hunter2-{number}, bucket: b{number}}}" for number in range(500))
    text = f"{HEAD}keys: {{{keys}}}\n"
    position = load(text, "f").text.locate_key(("keys", "k400", "bucket"))
    found = load(text, "f").snippet(position)
    assert found is not None
    assert len(found.text) <= 162
    assert found.text[position.column - found.column :].startswith("bucket: b400}")
    assert SECRET not in found.text


def test_masking_keeps_the_column_of_the_caret() -> None:
    text = HEAD + "keys:\n  a: {secret_key: hunter2-hunter2, foo: 1}\n"
    loaded = load(text, "f")
    position = loaded.text.locate_key(("keys", "a", "foo"))
    snippet = loaded.snippet(position)
    assert snippet is not None
    assert snippet.text[position.column - 1 :].startswith("foo: ***")


def test_other_lines_are_shown_as_they_are() -> None:
    text = HEAD + "keys: {a: {type: s3}}\njobs:\n  b: {process: x} # note\n"
    assert line_at(text, 5, 3) == "  b: {process: x} # note"


def test_a_broken_text_shows_only_lines_that_cannot_hold_a_secret() -> None:
    text = HEAD + "jobs:\n  a: [1, 2\n  b: 3\nkeys: {a: hunter2}\n"
    assert line_at(text, 4, 3) == "  a: [1, 2"
    assert line_at(text, 6, 3) is None


plain = st.text(alphabet="abc:{}[],#&*!|>'\"%@` \n\té", max_size=12)
fields = st.sampled_from(["secret_key", "password", "access_key", "foo"])
styles = st.sampled_from([None, "'", '"', "|", ">"])


@given(fields, plain, plain, styles, st.booleans(), st.integers(1, 200))
def test_a_secret_in_any_style_stays_hidden(
    field: str, before: str, after: str, style: str | None, flow: bool, width: int
) -> None:
    keys = {"keys": {"a": {"type": "s3", field: f"{before} {SECRET} {after}", "bucket": "b"}}}
    text = yaml.safe_dump(keys, default_style=style, default_flow_style=flow, width=width)
    assert [line for line in shown(HEAD + text) if SECRET in line] == []
