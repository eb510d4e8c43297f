"""What made results, in the forms of catalogues and archives: STAC items and collections, RO-Crate, and in words."""
