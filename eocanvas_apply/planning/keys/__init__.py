"""What is to be done with each key and each of its generations: needed, changed, rotated, at fault."""
