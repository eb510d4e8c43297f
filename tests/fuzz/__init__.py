"""Odd and hostile input: every text from outside is judged or refused, never an internal error, never without end.

A *kind* (`kinds.py`) is a kind of text with seeds and a judge; its texts are mutated by seeded random (`mutations.py`),
drawn by hypothesis (`strategies.py`), or built on purpose (`hostile.py`). What a judge returns must be sound
(`soundness.py`). A text that once went wrong stays in `found/<kind>/`. The test run writes `docs/inputs.md`.
"""
