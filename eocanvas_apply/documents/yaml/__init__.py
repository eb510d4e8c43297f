"""YAML texts that know where everything in them stands: nodes, scalars of the YAML 1.2 core schema, syntax faults."""
