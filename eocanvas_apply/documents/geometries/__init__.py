"""Geometries as text, what is wrong with them, and the regions of graphs and chains as boxes."""
