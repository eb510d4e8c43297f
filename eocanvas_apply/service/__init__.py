"""EOCanvas over HTTP, exactly as it is: addresses, tokens, outcomes, wire types, one method an endpoint."""
