"""A project of many keys and as many jobs, each job reading through a key of its own."""

from __future__ import annotations

from pathlib import Path

GRAPH = """\
<graph id="bench"><version>1.0</version>
<node id="Read"><operator>Read</operator><sources/><parameters><file>$img1</file></parameters></node>
<node id="Write"><operator>Write</operator><sources><sourceProduct refid="Read"/></sources>
<parameters><file>$output</file></parameters></node>
</graph>
"""
SECRETS = {"BENCH_ACCESS_KEY": "A" * 32, "BENCH_SECRET_KEY": "S" * 32}
ACCOUNT = {"HDA_USER": "jane", "HDA_PASSWORD": "correct-horse"}

_KEY = """\
  k{number}:
    {{type: s3, bucket: bucket-{number}, region: waw3-2, endpoint: "https://s3.example.org",
     access_key: {{env: BENCH_ACCESS_KEY}}, secret_key: {{env: BENCH_SECRET_KEY}}}}
"""
_JOB = """\
  j{number}:
    graph: graph.xml
    inputs: {{img1: {{key: k{number}, path: "/scene-{number}.zip", uncompress: true, sub_path: xfdumanifest.xml}}}}
    output: {{download: results/{number}}}
"""


def write(folder: Path, number: int) -> None:
    """Write the manifest and its graph into an empty folder."""
    folder.mkdir(parents=True)
    keys = "".join(_KEY.format(number=i) for i in range(number))
    jobs = "".join(_JOB.format(number=i) for i in range(number))
    (folder / "graph.xml").write_text(GRAPH, encoding="utf-8")
    (folder / "eocanvas.yaml").write_text(f"version: 1\nproject: bench\nkeys:\n{keys}jobs:\n{jobs}", encoding="utf-8")
