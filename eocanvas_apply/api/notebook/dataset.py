"""A file of a result opened with xarray, which is imported when one is asked for."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError

if TYPE_CHECKING:
    import xarray as xr

_INSTALL = "pip install 'eocanvas-apply[notebook]'"
_NETCDF = {".nc", ".nc4", ".cdf", ".h5", ".hdf5"}
_GEOTIFF = {".tif", ".tiff"}


def dataset(path: Path) -> xr.Dataset:
    """Return the file as a Dataset, whose numbers are read when they are used.

    Raises UsageError for a format that xarray does not open, and where a package that it needs is not installed.
    """
    suffix = path.suffix.lower()
    if suffix in _NETCDF:
        return _opened(path, "NetCDF", "netCDF4", _INSTALL)
    if suffix in _GEOTIFF:
        return _opened(path, "GeoTIFF", "rioxarray", "pip install rioxarray", "rasterio")
    hint = "take its `path`; an archive such as .zip or .SEN3 is unpacked first; xarray opens NetCDF, HDF5 and GeoTIFF"
    raise UsageError(error("usage", f"{path}: not a format that is opened with xarray", hint))


def _opened(path: Path, kind: str, package: str, install: str, engine: str | None = None) -> xr.Dataset:
    try:
        import xarray as xr

        import_module(package)
    except ModuleNotFoundError as missing:
        message = f"to open {kind} files needs {missing.name}, which is not installed"
        raise UsageError(error("extra-missing", message, _INSTALL if missing.name == "xarray" else install)) from None
    try:
        return xr.open_dataset(path, engine=engine)
    except (OSError, RuntimeError, ValueError) as fault:
        hint = "`eocanvas-apply results` shows whether it is as downloaded; it was opened with xarray"
        raise UsageError(error("file-unreadable", f"{path}: not readable as {kind}: {fault}", hint)) from fault
