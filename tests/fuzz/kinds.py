"""The kinds of texts that come from outside, each with texts to start from and a judge.

To add a kind, write its judge and add a line to `KINDS`: the mutations, the found examples and the table follow.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from tests.fuzz import answers, judges
from tests.fuzz.judges import Judged
from tests.fuzz.mutations import mutated
from tests.fuzz.structures import Change, changed_csv, changed_json, changed_xml, changed_yaml

ROOT = Path(__file__).parents[2]
# Longer files cost time and show nothing that shorter ones do not.
_LONGEST = 20_000
_LONGEST_MUTATION = 100_000


@dataclass(frozen=True)
class Seed:
    """A text to start from, and the folder whose files it may name."""

    content: bytes
    folder: Path


@dataclass(frozen=True)
class Kind:
    """A kind of texts.

    `patterns` name the files that are its seeds, `change` makes another well-formed text of one, `judge` judges a text,
    and `mutations` is how many of them `make test` tries.
    """

    title: str
    patterns: tuple[str, ...]
    change: Change
    judge: Callable[[bytes, Path], Judged]
    mutations: int

    def seeds(self) -> Sequence[Seed]:
        """Return the project's own files of this kind: of the examples, the templates and the tests."""
        return _seeds(self.patterns)

    def text(self, number: int) -> tuple[bytes, Path]:
        """Return a mutation of a seed by its number, with the seed's folder: of three two are well-formed texts."""
        seeds = self.seeds()
        seed = seeds[number % len(seeds)]
        rng = random.Random(f"{self.title} {number}")
        if rng.random() < 2 / 3 and len(changed := self.change(seed.content, rng)) <= _LONGEST_MUTATION:
            return changed, seed.folder
        return mutated(seed.content, rng, [each.content for each in seeds]), seed.folder


@cache
def _seeds(patterns: tuple[str, ...]) -> Sequence[Seed]:
    files = sorted({file for pattern in patterns for file in ROOT.glob(pattern)})
    seeds = [Seed(file.read_bytes(), file.parent) for file in files if file.stat().st_size <= _LONGEST]
    assert seeds, patterns
    return seeds


KINDS: Mapping[str, Kind] = {
    "manifest": Kind(
        "manifests (YAML)",
        ("examples/*/eocanvas.yaml", "tests/diagnostics/*/manifest.yaml", "eocanvas_apply/cli/templates/*.yaml"),
        changed_yaml,
        judges.manifest,
        6500,
    ),
    "graph": Kind(
        "SNAP graphs (XML)",
        ("examples/*/graphs/*.xml", "tests/diagnostics/*/*.xml", "eocanvas_apply/cli/templates/*.xml"),
        changed_xml,
        judges.graph,
        3500,
    ),
    "chain": Kind(
        "Data Tailor chains (YAML)",
        ("examples/*/chains/*.yaml", "tests/diagnostics/*/chain*.yaml", "tests/fuzz/seeds/*.chain.yaml"),
        changed_yaml,
        judges.chain,
        1500,
    ),
    "csv": Kind(
        "tables (CSV)",
        ("examples/*/*.csv", "tests/diagnostics/*/*.csv"),
        changed_csv,
        partial(judges.rows, "csv"),
        2200,
    ),
    "json": Kind(
        "lists (JSON)",
        ("tests/diagnostics/*/*.json", "tests/fuzz/seeds/*.json"),
        changed_json,
        partial(judges.rows, "json"),
        1300,
    ),
    "geojson": Kind(
        "maps (GeoJSON)",
        ("examples/*/*.geojson", "tests/diagnostics/*/*.geojson", "tests/fuzz/seeds/*.geojson"),
        changed_json,
        partial(judges.rows, "geojson"),
        2000,
    ),
    "answer": Kind(
        "answers of the service (JSON, HTML)",
        ("tests/fuzz/seeds/answers/*.json", "tests/fuzz/seeds/answers/*.html"),
        changed_json,
        answers.judge,
        3000,
    ),
}
