"""Small files of the formats that jobs leave, which programs can open: made up, the same ones for the same seed."""
