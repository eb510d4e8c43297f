"""Whole-process times as ratios: `python -m bench`. Nothing here is asserted; machines differ, ratios less so."""
