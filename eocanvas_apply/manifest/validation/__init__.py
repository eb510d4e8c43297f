"""What can be wrong with a manifest beside its YAML: structure, references, fields that do not go together."""
