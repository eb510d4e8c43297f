"""eocanvas-apply: storage keys and processing jobs of WEkEO's EOCanvas, from a manifest, through a plan.

Five sentences rule the code, and `tests/test_architecture.py` reads the imports to hold them:

1. Planning is a pure function of (desired, requests, recorded, observed, now); it does no I/O.
2. Only `applying/` changes the service; it decides nothing, the plan says what happens.
3. What is about to be done is on record, durably, before it is done.
4. A secret is never a value in a plan, a ledger, a diff, a log line, an error or a temporary file.
5. The core and the exceptions never print; words for people live in `render/`, and `cli/` wires and writes.
"""

__version__ = "0.1.0"
