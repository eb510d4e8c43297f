"""Planning: a pure function of (desired, requests, recorded, observed, now), and the values it speaks in."""
