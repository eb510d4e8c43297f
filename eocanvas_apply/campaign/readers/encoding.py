"""The text of a file that rows are read from."""

from __future__ import annotations

from eocanvas_apply.diagnostics import Position, error
from eocanvas_apply.errors import ManifestError

# Byte order marks.
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_AS_TEXT = "save the file as UTF-8"
# How files begin that are taken for tables and maps, what they are, and what to do.
_NO_TEXTS = {
    b"PK\x03\x04": ("an Excel workbook or another ZIP archive", "save the sheet as CSV (UTF-8)"),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", "save the sheet as CSV (UTF-8)"),
    b"SQLite format 3": ("a GeoPackage or another database", "convert it, with GDAL: `ogr2ogr NEW.geojson OLD.gpkg`"),
    b"\x00\x00\x27\x0a": ("a shapefile", "convert it, with GDAL: `ogr2ogr -t_srs EPSG:4326 NEW.geojson OLD.shp`"),
    b"\x1f\x8b": ("compressed with gzip", "unpack it"),
    b"PAR1": ("a Parquet file", "save it as CSV"),
}


def decoded(content: bytes, file: str) -> str:
    """Return a text in UTF-8, or in UTF-16 with a byte order mark; raises ManifestError at what is neither."""
    for begin, (what, hint) in _NO_TEXTS.items():
        if content.startswith(begin):
            raise ManifestError(error("file-encoding", f"this is {what}, not a text", hint).at(Position(file, 1, 1)))
    try:
        return content.decode("utf-16" if content.startswith(UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as fault:
        line = content[: fault.start].count(b"\n") + 1
        begin_of_line = content.rfind(b"\n", 0, fault.start) + 1
        column = len(content[begin_of_line : fault.start].decode("utf-8-sig", "replace")) + 1
        found = error("file-encoding", "the text is not UTF-8", _AS_TEXT)
        raise ManifestError(found.at(Position(file, line, column))) from None
