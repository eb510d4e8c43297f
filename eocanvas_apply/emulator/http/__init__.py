"""The model over HTTP on loopback: endpoints, faults of the line, control, the server."""
