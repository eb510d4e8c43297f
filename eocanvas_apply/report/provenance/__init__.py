"""What made a result: its job, graph, inputs, place and time, as far as the ledger and the manifest know them."""
