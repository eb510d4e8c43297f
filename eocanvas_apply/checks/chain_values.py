"""Values of a chain that nobody has been seen to use: hints only, for no list of them is public."""

from __future__ import annotations

from collections.abc import Iterator

from eocanvas_apply.checks.case import ChainCase
from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, warning
from eocanvas_apply.manifest.substitution import refers_to_row

_SEEN = {
    "format": ("netcdf4", "geotiff", "hdf5", "png_rgb", "jpeg_rgb", "netcdf4_satellite", "hrit", "msgnative"),
    "projection": ("geographic", "mercator", "gall_stereographic"),
    "resample_method": ("near", "bilinear", "cubic"),
    "aggregation": ("orbit", "time"),
}


def seen_values(case: ChainCase) -> Iterator[Diagnostic]:
    """Yield values that have not been seen in a chain that ran."""
    for name, values in _SEEN.items():
        value = case.chain.fields.get(name)
        if isinstance(value, str) and value not in values and not refers_to_row(value):
            hint = did_you_mean(value, values) or f"seen so far: {', '.join(values)}"
            yield case.at(warning("unknown-chain-value", f"{value[:60]} is no {name} that we know", hint), (name,))
