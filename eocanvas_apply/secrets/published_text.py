"""Text as it may be published: in a description of results, and on a page that leaves this machine.

What is not for the public is left out: of addresses the user and what follows the path, what signs an address that has
no scheme, and tokens. Of a field also what the copy of a manifest hides: what its name, or the look of a word, says to
be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from eocanvas_apply.secrets.scrubbing import TOKENS
from eocanvas_apply.secrets.secret_words import NAMES, names_a_secret, without_secret_words
from eocanvas_apply.web_addresses import bare_addresses

_NAME = rf"(?=[\w-]*(?:{NAMES}))[\w-]+"
# What signs an address: of S3, of Azure, of Google, and whatever is called a token.
_SIGNING = rf"(?:x-(?:amz|goog)-[\w-]+|sig|awsaccesskeyid|googleaccessid|{_NAME})"
_QUERY = re.compile(r"(?<=[^\s?])\?[^\s\"'<>]*")
_SIGNED = re.compile(rf"(?i)(?<![\w-]){_SIGNING}=")
_ASSIGNED = re.compile(rf"(?i)(?<![\w-])({_SIGNING}[ \t]*=[ \t]*)[^\s\"'<>&,;}}*$]+")
# Too short for the rule of logs, where `basic` is an ordinary word.
_SHORT_BASIC = re.compile(r"(?i)(\bbasic\s+)[\w+/-]{4,}={1,2}")
_PATTERNS = (*map(re.compile, TOKENS), _SHORT_BASIC, _ASSIGNED)
_MAY_HOLD = re.compile(rf"(?i)bearer|basic|authorization|eyj|x-amz-|x-goog-|sig=|accesskeyid|accessid|{NAMES}")
# A parameter that is filled in at the launch, `$password`, hides nothing.
_ELEMENT = re.compile(
    rf"(?is)(<(?:[\w-]{{1,99}}:)?{_NAME}(?:\s[^<>]*)?>\s*+)(?!\$\w+\s*</|\$\{{)(?:<!\[CDATA\[.{{0,2000}}?\]\]>|[^<]++)(?=</)"
)
_FIELD = re.compile(
    rf"(?i)(?<![\w-])({_NAME}(?:[\"']?[ \t]*[=:][ \t]+|=))([\"']?)(?![\"']?\$)[^\s\"'<>,;}}*][^\n\"'<>,;}}]*"
)


def published_text(text: str) -> str:
    """Return a text without what opens anything: users and queries of addresses, signatures, tokens."""
    text = bare_addresses(text)
    if not _MAY_HOLD.search(text):
        return text
    text = _QUERY.sub(lambda query: "" if _SIGNED.search(query[0]) else query[0], text)
    for pattern in _PATTERNS:
        text = pattern.sub(r"\1***", text)
    return text


def published_document(text: str) -> str:
    """Return a graph, chain or manifest without these, and without the values of elements and fields of secrets."""
    text = published_text(text)
    return _FIELD.sub(r"\1\2***", _ELEMENT.sub(r"\1***", text)) if names_a_secret(text) else text


def published_field(name: str, value: Any) -> Any:
    """Return the value of a field, such as one of a row, as the copy of a manifest may show it."""
    if value not in (None, "") and names_a_secret(name):
        return "***"
    if isinstance(value, str):
        return without_secret_words(published_document(value))
    if isinstance(value, Mapping):
        return {key: published_field(str(key), each) for key, each in value.items()}
    return [published_field("", each) for each in value] if isinstance(value, list | tuple) else value


def published_values(value: Any) -> Any:
    """Return a document of mappings, lists and texts, each text of it as it may be published."""
    if isinstance(value, str):
        return published_text(value)
    if isinstance(value, Mapping):
        return {key: published_values(each) for key, each in value.items()}
    return [published_values(each) for each in value] if isinstance(value, list | tuple) else value
