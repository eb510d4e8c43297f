"""YAML texts with positions: nodes, scalars of the YAML 1.2 core schema, syntax faults."""
