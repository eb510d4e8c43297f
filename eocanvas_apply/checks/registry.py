"""Every rule, by what it looks at, and what `checks:` may do to its findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from eocanvas_apply.checks import (
    chain_rules,
    chain_values,
    graph_habits,
    graph_structure,
    job_rules,
    key_rules,
    operators,
    placeholders,
    storage_rules,
)
from eocanvas_apply.checks.case import ChainCase, GraphCase, ManifestCase
from eocanvas_apply.diagnostics import Diagnostic

MANIFEST_RULES: tuple[Callable[[ManifestCase], Iterator[Diagnostic]], ...] = (
    key_rules.lifetime,
    key_rules.sealed_size,
    key_rules.fixed_names,
    key_rules.endpoints,
    storage_rules.not_for_input,
    storage_rules.not_for_output,
    job_rules.download_folders,
    job_rules.input_names,
    job_rules.archives,
    storage_rules.listable,
)
GRAPH_RULES: tuple[Callable[[GraphCase], Iterator[Diagnostic]], ...] = (
    graph_structure.skeleton,
    graph_structure.node_names,
    graph_structure.sources,
    graph_structure.cycles,
    graph_structure.something_written,
    graph_structure.dead_ends,
    placeholders.inputs_named,
    placeholders.params_named,
    placeholders.open_names,
    placeholders.not_substituted,
    operators.known_operators,
    operators.known_parameters,
    operators.known_values,
    graph_habits.desktop_paths,
    graph_habits.formats_of_many_files,
    graph_habits.coordinates,
)
CHAIN_RULES: tuple[Callable[[ChainCase], Iterator[Diagnostic]], ...] = (
    chain_rules.fields,
    chain_rules.shapes,
    chain_rules.region,
    chain_rules.resampling,
    chain_values.seen_values,
)

# Whose severity a manifest may set: warnings, and errors about what the service may have learned since.
ADJUSTABLE = frozenset(
    {
        "archive-as-it-is",
        "desktop-path",
        "endpoint-without-protocol",
        "format-of-many-files",
        "key-lifetime-capped",
        "key-too-short",
        "node-without-use",
        "param-not-in-graph",
        "parameter-value",
        "placeholder-not-filled",
        "placeholder-open",
        "resample-without-projection",
        "secret-file-mode",
        "storage-not-for-input",
        "unknown-chain-value",
        "unknown-operator",
        "unknown-parameter",
        "yaml-1-1",
    }
)
