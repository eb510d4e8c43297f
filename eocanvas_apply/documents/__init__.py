"""SNAP graphs and Data Tailor chains: parse, canonical form, fill in, mark, and find again in a job's log. Pure."""
