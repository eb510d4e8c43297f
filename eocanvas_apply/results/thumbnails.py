"""Small pictures of results, where the packages of the extra `thumbnails` can read them: one band in shades of grey."""

from __future__ import annotations

import io
import warnings
from contextlib import suppress
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Picture = NDArray[np.float64]

# Pixels on the longer side.
_LONGEST = 160
# Of the numbers in a band the darkest and the brightest are not worth a shade each.
_DARK, _BRIGHT = 2, 98
_ENDINGS = {".nc": "netcdf", ".nc4": "netcdf", ".tif": "geotiff", ".tiff": "geotiff"}
_ALONE = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_PAM_ENABLED": "NO"}
# Bands that say something about others.
_BESIDE = ("flag_values", "flag_masks", "grid_mapping_name", "bounds")
# What the readers raise for files that are broken or not what their name says.
_UNREADABLE = (OSError, RuntimeError, ValueError, IndexError, KeyError, AttributeError, TypeError, ArithmeticError)


def has_format(file: str) -> bool:
    """Tell whether a file has the name of a format that pictures are made of."""
    return PurePath(file).suffix.lower() in _ENDINGS


def thumbnail(file: Path) -> bytes | None:
    """Return a picture (PNG) of a result; None for other formats, for a broken file, and where a package is missing."""
    kind = _ENDINGS.get(file.suffix.lower())
    if kind is None:
        return None
    with suppress(ImportError, *_UNREADABLE), warnings.catch_warnings():
        # A file without coordinates is no fault here.
        warnings.simplefilter("ignore")
        band = _of_netcdf(file) if kind == "netcdf" else _of_geotiff(file)
        return _png(band) if band is not None else None
    return None


def _of_netcdf(file: Path) -> Picture | None:
    """Return the first band that is a picture: two dimensions with more than one place, and numbers of its own."""
    import netCDF4

    with netCDF4.Dataset(file) as dataset:
        for variable in _variables(dataset):
            if _is_picture(variable, dataset.dimensions):
                return _numbers(variable[_thinned(variable.shape)])
    return None


def _variables(group: Any) -> list[Any]:
    """Return the variables of a file, those of its groups behind them."""
    return [*group.variables.values(), *(each for inner in group.groups.values() for each in _variables(inner))]


def _is_picture(variable: Any, coordinates: Any) -> bool:
    names = set(variable.ncattrs())
    large = [length for length in variable.shape if length > 1]
    is_coordinate = variable.name in coordinates or variable.name.lower() in ("lat", "lon", "latitude", "longitude")
    is_number = getattr(variable.dtype, "kind", "") in "iuf"
    return is_number and len(large) >= 2 and not is_coordinate and not names.intersection(_BESIDE)


def _thinned(shape: tuple[int, ...]) -> tuple[int | slice, ...]:
    """Return what picks the last two dimensions, every n-th place of them, and the first of all others."""
    step = max(1, -(-max(shape[-2:]) // _LONGEST))
    return (*(0 for _ in shape[:-2]), slice(None, None, step), slice(None, None, step))


def _of_geotiff(file: Path) -> Picture | None:
    import rasterio

    # No other format under this name, and no file beside it: those may name files and addresses to read from.
    with rasterio.Env(**_ALONE), rasterio.open(file, driver="GTiff") as raster:
        share = min(1.0, _LONGEST / max(raster.width, raster.height))
        size = max(1, round(raster.height * share)), max(1, round(raster.width * share))
        return _numbers(raster.read(1, masked=True, out_shape=size))


def _numbers(band: Any) -> Picture:
    """Return the numbers of a band, not a number where it has none."""
    import numpy as np

    return np.ma.filled(np.ma.masked_invalid(np.ma.asarray(band, dtype=np.float64)), np.nan)


def _png(band: Picture) -> bytes | None:
    """Return shades of grey, clear where there is no number; None where there is none at all."""
    import numpy as np
    from PIL import Image

    there = np.isfinite(band)
    if not there.any():
        return None
    dark, bright = np.percentile(band[there], (_DARK, _BRIGHT))
    shades = np.clip((band - dark) / ((bright - dark) or 1) * 255, 0, 255)
    pixels = np.dstack([np.where(there, shades, 0), np.where(there, 255, 0)]).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels, "LA").save(file, "PNG", optimize=True)
    return file.getvalue()
