"""The model over HTTP on loopback: endpoints, faults of requests, control, the server."""
