"""The files, overlays and defaults of a manifest become one tree of nodes, which keep their places in the texts."""
