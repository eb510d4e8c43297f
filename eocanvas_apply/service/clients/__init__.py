"""HTTP clients of one connection each: what is taken for a request, and given back."""
