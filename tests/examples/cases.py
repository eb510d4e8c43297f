"""The expected outcome of each example: its secrets, its first plan, and the files afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent.parent / "examples"

# The products over the Baltic Sea that the emulator's archive has in the days of the example.
ORBITS = ("372-78", "372-79", "372-92", "372-93", "372-106", "372-107", "373-121", "373-135")
# Those of its first three days.
FIRST_ORBITS = ORBITS[:6]


@dataclass(frozen=True)
class Case:
    """One example. `keys` and `jobs` are names, `files` patterns that fit one result each.

    `later` are the jobs that wait for others. `secrets` are environment variables, `others` how many secrets come from
    elsewhere, `settings` other variables that its README names, `policy` is a file in its folder. `notes` are the codes
    of what `validate` says of it without network.
    """

    name: str
    jobs: tuple[str, ...]
    keys: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    later: tuple[str, ...] = ()
    others: int = 0
    settings: tuple[str, ...] = ()
    policy: str | None = None
    notes: frozenset[str] = frozenset()

    @property
    def first_plan(self) -> dict[str, str]:
        """The action of each address on a service that knows nothing yet."""
        creates = {f"key.{name}": "create" for name in self.keys}
        waiting = {f"job.{name}": "none" for name in self.later}
        return creates | {f"job.{name}": "launch" for name in self.jobs} | waiting


CASES = (
    Case(
        "s3-in-and-out",
        jobs=("morning-s3a", "morning-s3b"),
        keys=("scenes", "results"),
        secrets={
            "SCENES_ACCESS_KEY": "5" * 32,
            "SCENES_SECRET_KEY": "6" * 32,
            "RESULTS_ACCESS_KEY": "7" * 32,
            "RESULTS_SECRET_KEY": "8" * 32,
        },
    ),
    Case("public-bucket", jobs=("lowlands",), keys=("dem",), files=("results/lowlands/*.tif",)),
    Case(
        "environments",
        jobs=("two-metres", "five-metres"),
        keys=("dem",),
        files=tuple(f"results/{height}/*.tif" for height in ("two-metres", "five-metres")),
    ),
    Case(
        "campaign",
        jobs=('lowlands["gotland"]', 'lowlands["oland"]', 'lowlands["saaremaa"]'),
        keys=("dem",),
        files=tuple(f"results/lowlands/{island}/*.tif" for island in ("gotland", "oland", "saaremaa")),
    ),
    Case(
        "notebook",
        jobs=tuple(f'chlorophyll["orbit-{orbit}"]' for orbit in FIRST_ORBITS),
        files=tuple(f"results/chlorophyll/orbit-{orbit}/OLL2WFR_*.nc" for orbit in FIRST_ORBITS),
        notes=frozenset({"rows-not-asked"}),
    ),
    Case(
        "search-campaign",
        jobs=tuple(f'chlorophyll["orbit-{orbit}"]' for orbit in ORBITS),
        files=tuple(f"results/chlorophyll/orbit-{orbit}/OLL2WFR_*.nc" for orbit in ORBITS),
    ),
    Case(
        "pipeline",
        jobs=('cut["gotland"]', 'cut["oland"]'),
        later=('lowlands["gotland"]', 'lowlands["oland"]'),
        keys=("dem",),
        files=tuple(f"results/{job}/{island}/*.tif" for job in ("cut", "lowlands") for island in ("gotland", "oland")),
    ),
    Case("eodata-to-drive", jobs=("turbidity",), keys=("drive",), secrets={"WEKEO_DRIVE_PASSWORD": "abcde-" * 5}),
    Case(
        "data-tailor",
        jobs=("gotland", "bothnia"),
        files=("results/gotland/OLL2WFR_*.nc", "results/bothnia/OLL2WFR_*.tif"),
    ),
    Case("stations", jobs=("pixels",), files=("results/pixels/*.nc",)),
    Case(
        "secret-references",
        jobs=("archive", "share"),
        keys=("scenes", "maps", "drive"),
        others=5,
        settings=("SOPS_AGE_KEY_FILE", "EOCANVAS_APPLY_POLICY"),
        policy="policy.yaml",
    ),
    Case("shear-water", jobs=("july",), files=("results/july/*.nc",)),
)
