"""The graph of a report: keys and jobs, what flows between them, and how much of each is done."""

from __future__ import annotations

from typing import Any

from eocanvas_apply.planning.actions import Phase
from eocanvas_apply.render.page.node_layout import NODE_HEIGHT, NODE_WIDTH, drawing_of
from eocanvas_apply.report.page.report_page import ReportPage


def graph_section(page: ReportPage) -> dict[str, Any]:
    """Return what the template shows of it."""
    found = page.dependencies
    totals = {tally.campaign: tally for tally in page.tallies if tally.campaign}
    phases = {job.address: job.phase for job in page.status.jobs}
    keys = {key.action.address.partition("#")[0]: key.status for key in page.status.keys}
    words = {}
    drawing = drawing_of(found)
    for node in drawing.nodes:
        tally = totals.get(node.address)
        done = f"{tally.counts[Phase.DONE]} of {tally.total} done" if tally else ""
        done += f", {tally.counts[Phase.FAILED]} failed" if tally and tally.counts[Phase.FAILED] else ""
        words[node.address] = done or phases.get(node.address) or keys.get(node.address) or "of the service"
    flows = (
        f"{each.address} {verb} {', '.join(others)}"
        for each in found
        for verb, others in (("reads", each.reads), ("follows", each.follows), ("writes", each.writes))
        if others
    )
    return {
        "nodes": drawing,
        "node_words": words,
        "shares": {name: tally.counts[Phase.DONE] / tally.total for name, tally in totals.items() if tally.total},
        "nodes_words": ". ".join(flows),
        "NODE_WIDTH": NODE_WIDTH,
        "NODE_HEIGHT": NODE_HEIGHT,
    }
