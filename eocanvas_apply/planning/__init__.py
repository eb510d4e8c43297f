"""Planning: a pure function of (desired, requests, recorded, observed, now), and the values it speaks in.

- What it is made from: `desired`, which `derivation` gets from the manifest, and `observed`.
- The stages, as `planner` rows them up: `jobs` one by one (by `runs`, `reconciling`, `fingerprint`, `exemptions`), then
  `pipelines`, `selecting` and `holding`, then `keys` (by `needs`, `key_changes`, `key_faults`), then the time of each
  launch: `pacing` by `windows` and `running`, `expected`, and `orders` by the `order_book`.
- What comes of it: a `plan` of actions with their `tasks`, held back by `safety`, with `warnings` and an `outlook`.
- What is told of it: `status`, `view` and `phases`, `why`, `progress` and `outcomes`.
"""
