"""The HDA over HTTP, exactly as it is: datasets and licences, searches, orders and downloads."""
