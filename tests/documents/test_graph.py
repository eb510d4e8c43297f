from __future__ import annotations

import contextlib
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.documents.mark import mark_for
from eocanvas_apply.errors import ManifestError

MARK = mark_for("ab" * 16, "baltic", "job.subset")
TEXT = """<?xml version="1.0" encoding="UTF-8"?>
<!-- drawn on a desktop -->
<graph id="Graph">
  <version>1.0</version>
  <node id="Read">
    <operator>Read</operator>
    <sources/>
    <parameters class="x" other="y">
      <file>$img1</file>
      <geometryRegion>${aoi}</geometryRegion>
      <expression><![CDATA[a < b && c]]></expression>
    </parameters>
  </node>
  <applicationData id="Presentation"><node id="Read"><displayPosition x="1" y="2"/>$nothing</node></applicationData>
</graph>
"""


def graph(text: str = TEXT) -> Graph:
    return Graph.parse(text, "graph.xml")


def test_placeholders_are_whole_names_outside_application_data() -> None:
    assert graph().placeholders == {"img1", "aoi"}


def test_a_placeholder_has_its_position() -> None:
    places = [(each.name, each.position.line, each.position.column) for each in graph().found_placeholders]
    assert places == [("img1", 9, 13), ("aoi", 10, 23)]


def test_placeholders_are_read_as_snap_reads_them() -> None:
    text = "$output.nc $img-1 ${output}.nc $a, ${b c} $a$b $$a $aé ${c$d{e} $1 $ ${open"
    found = graph(f"<graph><a>{text}</a></graph>").found_placeholders
    assert [(each.name, each.whole, each.written) for each in found] == [
        ("output.nc", False, "$output.nc"),
        ("img", True, "$img"),
        ("output", True, "${output}"),
        ("a", True, "$a"),
        ("b c", False, "${b c}"),
        ("a$b", False, "$a$b"),
        ("$a", False, "$$a"),
        ("a", True, "$a"),
        ("c$d{e", False, "${c$d{e}"),
        ("open", False, "${open"),
    ]


def test_a_placeholder_behind_many_lines_has_its_position() -> None:
    found = graph("<graph><a>x\n\n $a $b\n$c</a></graph>").found_placeholders
    assert [(each.position.line, each.position.column) for each in found] == [(3, 2), (3, 5), (4, 1)]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("&amp;&#36; $a", [(1, 22)]),
        ("<!-- a note --> $a <!-- two\nlines --> $b", [(1, 27), (2, 11)]),
        ("<![CDATA[x\n$a ]]>$b", [(2, 1), (2, 7)]),
        ("<?a instruction?>x\r\n$a", [(2, 1)]),
        ("é\U0001f600$a", [(1, 13)]),
    ],
)
def test_a_placeholder_has_its_position_behind_what_is_no_text(text: str, places: list[tuple[int, int]]) -> None:
    found = graph(f"<graph><a>{text}</a></graph>").found_placeholders
    assert [(each.position.line, each.position.column) for each in found] == places


def test_a_text_begins_behind_white_space() -> None:
    (child,) = graph("<graph><a><!-- a note -->\n\n  POLYGON</a></graph>").root.children
    assert (child.text_position.line, child.text_position.column) == (3, 3)


def test_many_comments_in_a_text_cost_no_memory_each() -> None:
    (child,) = graph(f"<graph><a>{'x<!-- -->' * 5000}</a></graph>").root.children
    assert len(child.places) == 1000


def test_a_placeholder_knows_whether_it_stands_alone() -> None:
    found = graph("<graph><a> $a\n</a><a>$a.</a><a>$a/x</a><a>$a $b</a></graph>").found_placeholders
    assert [each.alone for each in found] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<sources/>", "<sources></sources>"),
        ("<sources/>", "<sources>\n    </sources>"),
        ("  <node", "\n\n\t<!-- a note --><node"),
        ('class="x" other="y"', "other='y'   class='x'"),
        ("<![CDATA[a < b && c]]>", "a &lt; b &amp;&amp; c"),
        ('<displayPosition x="1" y="2"/>', "<somewhere/>"),
        ('<?xml version="1.0" encoding="UTF-8"?>', "<?a processing instruction?>"),
        ("\n", "\r\n"),
    ],
)
def test_irrelevant_changes_do_not_change_the_digest(before: str, after: str) -> None:
    assert before in TEXT
    text = TEXT.replace(before, after)
    text = text if not text.startswith("\n") else text.lstrip()
    assert graph(text).digest == graph().digest


@pytest.mark.parametrize(
    ("before", "after"),
    [("$img1", "$img2"), ("$img1", " $img1"), ("a < b", "a > b"), ('class="x"', 'class="z"'), ("Read<", "Write<")],
)
def test_relevant_changes_change_the_digest(before: str, after: str) -> None:
    assert graph(TEXT.replace(before, after)).digest != graph().digest


def test_params_fill_whole_names_in_the_parsed_tree() -> None:
    written = "${aoi}${aoi} $aoi $aoi-chl $aoi$aoi $aoi2 $aoi.nc $output ${img1}"
    filled = graph(TEXT.replace("${aoi}", written)).fill({"aoi": "<&é>"})
    text = ET.fromstring(filled.to_xml()).findtext(".//geometryRegion")
    assert text == "<&é><&é> <&é> <&é>-chl <&é><&é> $aoi2 $aoi.nc $output ${img1}"


def test_params_leave_application_data_alone() -> None:
    filled = graph("<graph><applicationData>$a</applicationData><b>$a</b></graph>").fill({"a": "x"})
    assert [child.text for child in filled.root.children] == ["$a", "x"]


def test_params_are_written_as_xml_has_them() -> None:
    filled = graph("<graph><a>$a $b $c $d</a></graph>").fill({"a": True, "b": 3, "c": 1.5, "d": "$a"})
    assert filled.root.children[0].text == "true 3 1.5 $a"


def test_filling_does_not_change_the_original_graph() -> None:
    before = graph()
    before.fill({"aoi": "x"})
    assert before.digest == graph().digest


def test_the_mark_is_a_comment_and_not_part_of_the_digest() -> None:
    sent = graph().to_xml(MARK)
    assert f"<!-- {MARK} -->" in sent
    assert sent.replace(f"  <!-- {MARK} -->\n", "") == graph().to_xml()
    assert graph(sent).digest == graph().digest


@pytest.mark.parametrize("text", ["<graph/>", "<graph>text</graph>", "<graph>a<b/>c</graph>"])
def test_a_mark_fits_into_any_root(text: str) -> None:
    sent = graph(text).to_xml(MARK)
    assert len(re.findall(str(MARK), sent)) == 1
    assert graph(sent).root.tag == "graph"
    assert len(graph(sent).root.children) == len(graph(text).root.children)


@pytest.mark.parametrize("declared", ["utf-8", "utf8", "UTF8", "iso-8859-1", "utf-16", "x-none"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_graph_is_utf_8_whatever_it_declares(declared: str, mark: bytes) -> None:
    read = Graph.parse(mark + f'<?xml version="1.0" encoding="{declared}"?><graph><a>é</a></graph>'.encode(), "f")
    assert (read.root.children[0].text, read.warnings) == ("é", ())


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "windows-1252"])
def test_another_encoding_is_read_as_declared_with_a_warning(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<graph><a>é</a></graph>'
    read = Graph.parse(text.encode(encoding), "f")
    (found,) = read.warnings
    assert (read.root.children[0].text, found.code) == ("é", "graph-encoding")
    assert read.digest == graph(text).digest


@pytest.mark.parametrize("first", [b"", b'<?xml version="1.0" encoding="UTF-8"?>\n'])
def test_a_graph_in_the_encoding_of_windows_is_read_with_a_warning_since_gpt_runs_it(first: bytes) -> None:
    read = Graph.parse(first + b"<graph><a>\x96 \xe9</a></graph>", "f")
    (found,) = read.warnings
    assert (read.root.children[0].text, found.code) == ("\u2013 é", "graph-encoding")
    assert found.message == "the graph is not UTF-8: byte 0x96; it is read as windows-1252"


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("<graph>a & b</graph>", "&amp;"),
        ("<graph>a < b</graph>", "&lt;"),
        ('\n<?xml version="1.0"?><graph/>', "before <?xml"),
        ("<!DOCTYPE graph [<!ENTITY a 'b'>]><graph/>", "no more than <!DOCTYPE graph>"),
        ("<!DOCTYPE graph []><graph/>", "no more than <!DOCTYPE graph>"),
        ("<!DOCTYPE graph SYSTEM 'file:///etc/passwd'><graph/>", "no more than <!DOCTYPE graph>"),
        ("<!DOCTYPE graph PUBLIC '' 'https://files.test/a.dtd'><graph/>", "no more than <!DOCTYPE graph>"),
        ("<!DOCTYPE graph><graph>&nbsp;</graph>", "the character itself"),
        ("<graph>&nbsp;</graph>", "the character itself"),
        ("<graph><node></graph>", "the inner ones first"),
        ("<graph>", "ends too early"),
    ],
)
def test_an_invalid_graph_is_refused_with_what_to_do(text: str, advice: str) -> None:
    with pytest.raises(ManifestError) as refusal:
        graph(text)
    assert advice in refusal.value.diagnostics[0].hint


@pytest.mark.parametrize("declared", ["", "utf-8", "punycode", "hex"])
def test_a_graph_that_is_no_utf_8_is_refused_where_that_begins(declared: str) -> None:
    first = f'<?xml version="1.0" encoding="{declared}"?>\n' if declared else "\n"
    with pytest.raises(ManifestError) as refusal:
        Graph.parse((first + "<graph>ü<a>").encode() + b"\x81</a></graph>", "f")
    (found,) = refusal.value.diagnostics
    assert (found.message, found.snippet) == ("the graph is not UTF-8: byte 0x81", "<graph>ü<a>\ufffd</a></graph>")
    assert found.position is not None
    assert (found.position.line, found.position.column) == (2, 12)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<graph>",
        "<graph></Graph>",
        '<!DOCTYPE graph [<!ENTITY a "b">]><graph>&a;</graph>',
        "<graph>&nbsp;</graph>",
        "<a>" * 300 + "</a>" * 300,
    ],
)
def test_an_invalid_graph_is_refused_with_its_position(text: str) -> None:
    with pytest.raises(ManifestError) as refusal:
        graph(text)
    assert [each.code for each in refusal.value.diagnostics] == ["graph-syntax"]
    assert refusal.value.diagnostics[0].position is not None


@pytest.mark.parametrize("name", ["graph", "Graph", "html", "x" * 100_000])
def test_a_document_type_that_only_names_the_root_says_nothing(name: str) -> None:
    assert graph(f"<!DOCTYPE {name}>\n<graph><a>&#36;x</a></graph>").digest == graph("<graph><a>$x</a></graph>").digest


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(source: bytes) -> None:
    with contextlib.suppress(ManifestError):
        Graph.parse(source, "f")


# XML has no control characters, and not the two that are no characters of Unicode.
in_xml = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
texts = st.text(alphabet=in_xml, max_size=8)
names = st.sampled_from(["a", "b", "node", "file"])
trees: st.SearchStrategy[Any] = st.recursive(
    st.tuples(names, st.dictionaries(names, texts, max_size=2), texts, st.just([])),
    lambda inner: st.tuples(
        names, st.dictionaries(names, texts, max_size=2), st.just(""), st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


def element(tree: tuple[str, dict[str, str], str, list[object]], *, reverse: bool) -> ET.Element:
    tag, attributes, text, children = tree
    items = sorted(attributes.items(), reverse=reverse)
    made = ET.Element(tag, dict(items))
    made.text = text
    if reverse and children:
        made.append(ET.Comment(" a note "))
    made.extend(element(child, reverse=reverse) for child in children)  # type: ignore[arg-type]
    return made


@given(trees)
def test_the_canonical_form_ignores_layout(tree: tuple[str, dict[str, str], str, list[object]]) -> None:
    one, other = element(tree, reverse=False), element(tree, reverse=True)
    ET.indent(other)
    first = Graph.parse(ET.tostring(one, encoding="unicode"), "f")
    second = Graph.parse(ET.tostring(other, encoding="unicode"), "f")
    assert first.canonical() == second.canonical()
    assert Graph.parse(first.to_xml(MARK), "f").canonical() == first.canonical()
