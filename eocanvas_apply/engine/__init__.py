"""The engine: the loop of observe, plan and apply, and what else a program may ask of a project."""
