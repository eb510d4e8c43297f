"""Text to a typed manifest, with the line and column of every field. Pure: files are read by who calls."""
