"""What a manifest is: its fields as typed models, and the times, inputs and references that they are made of.

The modules here do without `from __future__ import annotations`: pydantic would compile the annotation of each field,
which takes a sixth of the time of making the classes.
"""
