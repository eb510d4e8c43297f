"""Manifests that are built to take long, to take much memory, or to end in an error of the program itself.

Each builder takes a length in bytes and returns a text of about that length.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

Builder = Callable[[int], bytes]
# A short text of each, and one for which what is quadratic takes far too long.
LENGTHS = (1_000, 40_000)

_HEAD = "version: 1\nproject: p\n"
_S3 = (
    "type: s3, bucket: b, region: r, endpoint: 'https://s3.example.org', "
    "access_key: {env: ACCESS}, secret_key: {env: SECRET}"
)
_QUOTES = ("'", "'")
_JOB = "{graph: g, inputs: {a: {key: l%d, path: /x}}}"
_KEY = f"keys: {{a: {{{_S3}}}}}\n"
_RAW = "process: any, inputs: "


def _repeated(begin: str, part: Callable[[int], str], end: str = "") -> Builder:
    """Return what builds a manifest of a part with its number, as often as it fits."""

    def build(length: int) -> bytes:
        parts, size, number = [], len(_HEAD) + len(begin) + len(end), 0
        while size < length:
            parts.append(part(number))
            size += len(parts[-1])
            number += 1
        return f"{_HEAD}{begin}{''.join(parts)}{end}".encode("utf-8", "surrogatepass")

    return build


def _same(begin: str, part: str, end: str = "") -> Builder:
    return _repeated(begin, lambda _: part, end)


def _bytes(begin: bytes, part: bytes, end: bytes = b"") -> Builder:
    return lambda length: begin + part * (max(length - len(begin) - len(end), 0) // len(part)) + end


def _nested(opening: str, closing: str, levels: int) -> Builder:
    def build(length: int) -> bytes:
        most = min(levels, length // (len(opening) + len(closing)))
        return f"{_HEAD}x-a: {opening * most}{closing * most}\n".encode()

    return build


def _bomb(length: int) -> bytes:
    lines = ["x-0: &a0 [a, a, a, a, a, a, a, a, a, a]"]
    lines += [f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, max(2, length // 60))]
    return (_HEAD + "\n".join(lines) + "\n").encode()


def _deep_then_wide(length: int) -> bytes:
    deep = "{a: " * 90
    items = ", ".join(["x"] * (length // 3))
    return (
        f"{_HEAD}jobs: {{j: {{process: any, for_each: {{list: [1]}}, inputs: {{a: {deep}[{items}]{'}' * 90}, "
        "b: '${each.value}'}}}\n"
    ).encode()


HOSTILE: Mapping[str, Builder] = {
    # References.
    "references in one text": _same(_KEY + "jobs: {j: {" + _RAW + "{a: '", "${each.x}", "'}}}\n"),
    "openings of references in one text": _same(_KEY + "jobs: {j: {" + _RAW + "{a: '", "${", "'}}}\n"),
    "openings of variables in one text": _same("jobs: {j: {" + _RAW + "{a: '", "${var.a", "'}}}\n"),
    "blanks in a reference": _same("jobs: {j: {" + _RAW + "{a: '${var.a", " ", "'}}}\n"),
    "blanks in many references": _same("jobs: {j: {" + _RAW + "{a: '", "${var.a" + " " * 500, "'}}}\n"),
    "escaped references": _same("jobs: {j: {" + _RAW + "{a: '", "$${", "'}}}\n"),
    "unknown variables": _repeated("jobs: {j: {" + _RAW + "{", lambda n: f"a{n}: '${{var.v{n}}}', ", "}}}\n"),
    "variables and references to them": lambda length: (
        f"{_HEAD}vars: {{{', '.join(f'v{n}: {n}' for n in range(length // 30))}}}\n"
        f"jobs: {{j: {{{_RAW}{{{', '.join(f'a{n}: ${n}' for n in range(9))}, "
        f"b: [{', '.join(f'${{var.w{n}}}'.join(_QUOTES) for n in range(length // 30))}]}}}}}}\n"
    ).encode(),
    "a variable of a long text, used often": lambda length: (
        f"{_HEAD}vars: {{v: '{'x' * (length // 2)}'}}\njobs: {{j: {{{_RAW}{{a: '{'${var.v}' * (length // 16)}'}}}}}}\n"
    ).encode(),
    "dollars before a fault": _bytes(_HEAD.encode() + b"a: [", b"$", b"{"),
    "openings before a fault": _bytes(_HEAD.encode() + b"a: [", b"${", b"{"),
    "dollars in braces": _bytes(_HEAD.encode() + b"a: {", b"$,"),
    # Quotes, lines and white space.
    "an open quote": _same("x-a: '", "a b "),
    "quotes": _same("x-a: '", "''", "'\n"),
    "escapes": _same('x-a: "', "\\u0041", '"\n'),
    "lines in quotes": _same("x-a: '", "\n", "'\n"),
    "empty lines": _same("", "\n"),
    "a comment": _same("# ", "#"),
    "comments": _same("", "# a\n"),
    "comments between keys": _repeated("keys:\n", lambda n: f"  # note {n}\n  k{n}: {{type: x}} # {n}\n"),
    "blanks": _same("", " "),
    "tabs": _same("", "\t"),
    "carriage returns": _bytes(b"version: 1\rproject: p\r", b"x-a: 1\r"),
    "line separators": _same("x-a: '", "a\u2028", "'\n"),
    "byte order marks": _bytes(b"", b"\xef\xbb\xbf"),
    "NUL": _bytes(_HEAD.encode(), b"\0"),
    "control characters": _bytes(_HEAD.encode(), b"\x1b[31m"),
    "escaped control characters": _same('jobs: {"', "\\e[31m", '": {}}\n'),
    "no UTF-8": _bytes(_HEAD.encode(), b"\xff"),
    "UTF-16": lambda length: (_HEAD + "x-a: b\n" * (length // 14)).encode("utf-16"),
    "lone surrogates": _same("x-a: '", "\ud800", "'\n"),
    # Values.
    "one long text": _same("x-a: ", "a"),
    "one long name": _same("", "a", ": 1\n"),
    "one long name of a job": _same("jobs: {", "a", ": {}}\n"),
    "a number of many digits": _same("max_running: ", "9"),
    "a hexadecimal number of many digits": _same("max_running: 0x", "f"),
    "a fraction of many digits": _same("max_running: 0.", "3"),
    "base 60": _same("account: 1", ":1"),
    "underscores in a number": _same("account: 1", "_", "x\n"),
    "a long duration": _same("timing: {poll: ", "9", "d}\n"),
    "durations of many parts": _same("timing: {poll: ", "1d", "}\n"),
    "YAML 1.1 words in one line": _same("x-a: [", "no,", "]\n"),
    "YAML 1.1 words in lines": _repeated("x-a:\n", lambda _: "- no\n"),
    "YAML 1.1 days of campaigns": _repeated(
        "jobs:\n", lambda n: f"  j{n}: {{for_each: {{days: {{from: 2024-07-01, to: 2024-07-02}}}}}}\n"
    ),
    # Structure.
    "unknown fields": _repeated("", lambda n: f"field{n}: 1\n"),
    "unknown fields in one line": _repeated("timing: {", lambda n: f"field{n}: 1,", "}\n"),
    "one field again and again": _same("", "a: 1\n"),
    "merge keys": _same("x-a:\n", "  <<: {a: 1}\n"),
    "tags": _same("x-a: [", "!a b,", "]\n"),
    "documents": _same("", "---\na: 1\n"),
    "lists as keys": _same("x-a: {", "[a]: 1,", "}\n"),
    "deep lists": _nested("[", "]", 10**9),
    "deep mappings": _nested("{a: ", "}", 10**9),
    "deep keys": _nested("? ", "", 10**9),
    "a hundred levels": _nested("[", "]", 98),
    "deep and then wide": _deep_then_wide,
    "aliases of aliases": _bomb,
    "aliases": _same("x-a: &a [b]\nx-b: [", "*a,", "]\n"),
    "anchors": _repeated("x-a: [", lambda n: f"&a{n} b,", "]\n"),
    "an anchor in itself": _same("x-a: &a [", "*a,", "]\n"),
    "aliases of a wide value": lambda length: (
        f"{_HEAD}x-a: &a [{'b,' * (length // 4)}]\nx-b: [{'*a,' * (length // 6)}]\n"
    ).encode(),
    "a wide list": _same("x-a: [", "1,", "]\n"),
    "a wide list of rows": _repeated(
        "jobs: {j: {process: any, inputs: {a: '${each.id}'}, for_each: {list: [", lambda n: f"{{id: r{n}}},", "]}}}\n"
    ),
    "a wide table": _repeated(
        "jobs: {j: {process: any, inputs: {a: '${each.f1}'}, for_each: {list: [{id: a, ",
        lambda n: f"f{n}: {n},",
        "}]}}}\n",
    ),
    "a wide table with another field": _repeated(
        "jobs: {j: {process: any, inputs: {a: '${each.g}'}, for_each: {list: [{id: a, ",
        lambda n: f"f{n}: {n},",
        "}]}}}\n",
    ),
    # Keys and jobs.
    "keys in one line": _repeated("keys: {", lambda n: f"k{n}: {{{_S3}}}, ", "}\n"),
    "keys in lines": _repeated("keys:\n", lambda n: f"  k{n}: {{{_S3}}}\n"),
    "faulty keys in one line": _repeated("keys: {", lambda n: f"k{n}: {{type: s3, buckt: b, password: x}}, ", "}\n"),
    "faulty keys in lines": _repeated("keys:\n", lambda n: f"  k{n}: {{type: s3, buckt: b, password: x}}\n"),
    "faulty fields of a key": _repeated("keys: {a: {type: s3,", lambda n: f"f{n}: 1,", "}}\n"),
    "keys and jobs": lambda length: (
        f"{_HEAD}keys: {{{', '.join(f'k{n}: {{{_S3}}}' for n in range(length // 300))}}}\n"
        f"jobs: {{{', '.join(f'j{n}: {_JOB % n}' for n in range(length // 300))}}}\n"
    ).encode(),
    "jobs with unknown keys": _repeated(_KEY + "jobs:\n", lambda n: f"  j{n}: {_JOB % n}\n"),
    "jobs of unknown jobs": _repeated("jobs:\n", lambda n: f"  j{n}: {{graph: g, inputs: {{a: {{result: i{n}}}}}}}\n"),
    "jobs in a row": _repeated("jobs:\n", lambda n: f"  j{n}: {{graph: g, inputs: {{a: {{result: j{n + 1}}}}}}}\n"),
    "jobs in a circle": _repeated(
        "jobs:\n", lambda n: f"  j{n}: {{graph: g, inputs: {{a: {{result: j{n + 1}}}, b: {{result: j{n - 1}}}}}}}\n"
    ),
    "results of campaigns": lambda length: (
        f"{_HEAD}jobs:\n  c: {{process: any, inputs: {{}}, for_each: {{list: [1]}}}}\n"
        + "".join(
            f"  j{n}: {{graph: g, inputs: {{a: {{result: c}}, b: {{result: j{n + 1}}}}}}}\n"
            for n in range(length // 60)
        )
    ).encode(),
    "jobs that name files": _repeated("jobs:\n", lambda n: f"  j{n}: {{graph: {n}.xml, inputs: {{}}}}\n"),
    "checks": _repeated("checks: {", lambda n: f"c{n}: warning,", "}\n"),
    "checks of jobs": _repeated("jobs:\n", lambda n: f"  j{n}: {{{_RAW}{{}}, checks: {{c{n}: error}}}}\n"),
    "raw inputs": _repeated("jobs: {j: {" + _RAW + "{", lambda n: f"a{n}: [{n}],", "}}}\n"),
    "windows of a quota": _same("quota: [", "{jobs: 1, per: 1h},", "]\n"),
    "steps": _same("jobs: {j: {process: any, inputs: {}, for_each: [", "{list: [1, 2]},", "]}}\n"),
    "skipped rows": _repeated(
        "jobs: {j: {process: any, inputs: {}, for_each: {list: [1]}, skip: {", lambda n: f"r{n}: no,", "}}}\n"
    ),
    "inputs of a product": _repeated("jobs: {j: {graph: g, inputs: {", lambda n: f"a{n}: {{product: p{n}}},", "}}}\n"),
}
