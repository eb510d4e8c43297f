"""Planning: a pure function of (desired, requests, recorded, observed, now), and the values it speaks in.

- `desired/` is what the manifest says, `state/` how things stand.
- `planner` is the row of stages: `jobs/` one by one, then what follows others or is held back, then `keys/`, then the
  time of each launch in `schedule/`.
- `actions` and `reasons` are the closed sets: one row each says all that follows from it, with words and advice.
- What comes of it: a `plan` of actions with their `tasks`, held back by `safety`; what it warns of is in `findings/`.
"""
