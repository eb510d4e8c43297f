"""Taking over what exists already: how a key or job of the service agrees with what the manifest asks for."""
