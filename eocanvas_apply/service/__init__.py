"""EOCanvas and the HDA over HTTP, exactly as they are: tokens, outcomes, wire types, one method an endpoint."""

from __future__ import annotations

import sys

# Where click and rich are installed, httpx imports a command line of its own: that takes as long as all the rest of it.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
