"""An EOCanvas to run on one's own machine: a pure model under a clock of its own, and HTTP around it.

It is a second implementation, written from what is known of the service, and shares no code with the client that it
judges. `http/` holds `Wire`, which answers requests without a socket, and the server that puts it on loopback.
"""
