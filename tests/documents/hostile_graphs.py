"""Graphs made to take long: each a function of a size in characters, with the codes of the errors that it gives.

`python -m tests.documents.hostile_graphs SIZE` judges all of them and prints what each took.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping

from eocanvas_apply.checks.checking import check
from eocanvas_apply.diagnostics import Severity
from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.manifest.graphs_and_chains import load_graphs_and_chains
from eocanvas_apply.manifest.loading import load

MANIFEST = (
    "version: 1\nproject: p\njobs: {a: {graph: g, params: {tile: x}, inputs: {img1: {key: eodata, path: /a.nc}}}}\n"
)
HEAD = "<graph id='Graph'><version>1.0</version>"
PARAMETERS = "<parameters><file>$output</file><x>$img1</x></parameters>"
LAST = f"<node id='Write'><operator>Write</operator>{PARAMETERS}</node></graph>"
Parts = Callable[[int], str]


def node(number: int, source: str = "", parameters: str = "", operator: str = "Subset") -> str:
    return (
        f"<node id='n{number}'><operator>{operator}</operator><sources>{source}</sources>"
        f"<parameters>{parameters}</parameters></node>"
    )


def nodes(source: Callable[[int, int], str], between: str = "\n") -> Parts:
    def made(size: int) -> str:
        count = size // 110
        return between.join(node(number, source(number, count)) for number in range(count))

    return made


def each(one: Callable[[int], str], before: str = "", after: str = "") -> Parts:
    return lambda size: before + "".join(one(number) for number in range(size // len(one(1000)))) + after


def text(part: str, tag: str = "x") -> Parts:
    return lambda size: node(0, parameters=f"<{tag}>{part * (size // len(part))}</{tag}>")


def around_parameters(operator: str) -> tuple[str, str]:
    begin, _, end = node(0, parameters="|", operator=operator).partition("|")
    return begin, end


def reference(name: str) -> str:
    return f"<sourceProduct refid='{name}'/>"


def before(number: int, _: int) -> str:
    return reference(f"N{number - 1}") if number else ""


def around(number: int, count: int) -> str:
    return reference(f"n{(number + 1) % count}")


GRAPHS: Mapping[str, tuple[Parts, set[str]]] = {
    "a chain of nodes in one line": (nodes(before, ""), set()),
    "a chain of nodes in lines": (nodes(before), set()),
    "a circle of nodes": (nodes(around), {"graph-cycle"}),
    "unknown sources": (nodes(lambda number, _: reference(f"m{number}")), {"unknown-source"}),
    "one id for all nodes": (each(lambda _: node(1)), {"node-id-twice"}),
    "unknown operators": (each(lambda number: node(number, operator=f"Op{number}")), set()),
    "unknown parameters": (each(lambda number: f"<p{number}/>\n", *around_parameters("Subset")), set()),
    "unknown values": (each(lambda n: f"<orbitType>{n}</orbitType>", *around_parameters("Apply-Orbit-File")), set()),
    "a list of sources": (
        lambda size: node(0, f"<sourceProducts>{','.join(map(str, range(size // 7)))}</sourceProducts>"),
        {"unknown-source"},
    ),
    "one source many times": (
        lambda size: node(0, f"<sourceProducts>{'Write,' * (size // 6)}</sourceProducts>"),
        {"source-twice", "unknown-source"},
    ),
    "line ends": (text("\n"), set()),
    "carriage returns": (text("\r"), set()),
    "comments in a text": (text("a<!-- -->"), set()),
    "character references": (text("&#38;"), set()),
    "dollars": (text("$"), {"graph-too-large"}),
    "open braces": (text(f"${{{'x' * 200}"), set()),
    "names far apart": (text("\n" * 500 + "$output.nc", "file"), {"placeholder-not-filled"}),
    "names in braces": (text("${img1}" + " " * 200), set()),
    "a long value": (text("x"), set()),
    "a long id": (lambda size: f"<node id='{'x' * size}'><operator>Read</operator></node>", set()),
    "a long name of an element": (lambda size: node(0, parameters=f"<{'x' * size}/>"), set()),
    "many attributes": (each(lambda n: f" a{n}=''", "<node id='a'", "><operator>Read</operator></node>"), set()),
    "attributes of many elements": (each(lambda _: "<a b='' c='' d='' e=''/>"), set()),
    "name spaces": (each(lambda n: f" xmlns:a{n}='u'", "<node id='a'", "><operator>Read</operator></node>"), set()),
    "processing instructions": (text("a<?b c?>"), set()),
    "marked sections": (text("<![CDATA[a]]>"), set()),
    "elements without end": (each(lambda _: "<a>"), {"graph-syntax"}),
    "deep elements": (each(lambda _: "<a>" * 190 + "</a>" * 190), set()),
    "many elements": (each(lambda _: "<a/>"), set()),
    "entities": (lambda _: "", {"graph-syntax"}),
}
ENTITIES = "<!DOCTYPE g [<!ENTITY a 'xxxxxxxxxx'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;'>]>"


def graph(name: str, size: int) -> str:
    """Return one of the graphs, about so many characters long."""
    return (ENTITIES if name == "entities" else "") + HEAD + GRAPHS[name][0](size) + LAST


def judged(content: str) -> set[str]:
    """Return the codes of the errors of a graph."""
    loaded = load(MANIFEST, "f")
    documents = load_graphs_and_chains(loaded, lambda _: content.encode())
    found = check(loaded, documents)
    for document in documents.by_job.values():
        # What a plan and a launch need of it.
        assert isinstance(document, Graph)
        assert Graph.parse(document.to_xml(), "sent").digest == document.digest
    return {each.code for each in found if each.severity is Severity.ERROR}


def main(size: int) -> None:
    """Judge every graph; print its name, its errors, its size and the seconds it took."""
    for name in GRAPHS:
        content, began = graph(name, size), time.process_time()
        codes = ",".join(sorted(judged(content)))
        sys.stdout.write(f"{name}\t{codes}\t{len(content)}\t{time.process_time() - began:.2f}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
