"""Rich text: nothing harmful survives, nothing meant is lost."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from llmio.core import richtext
from llmio.core.cache import Recent

PIECES = st.sampled_from(
    ["<p>", "</p>", "<script>", "</script>", "alert(1)", "<img src=x onerror=alert(1)>", "<a href='javascript:x'>", "</a>",
     "<svg>", "<math>", "<mtext>", "<style>", "</style>", "<table>", "<td>", "<iframe src='https://www.youtube.com/embed/1'>",
     "</iframe>", "<b>", "</b>", "<!--", "-->", "<noscript>", "<template>", "&lt;", "&amp;", "\0", '"', "'", "<h1>", "</h1>",
     "<li>", "<ul>", "<div onclick=x>", "</div>", "<form>", "<select>", "<option>", "<title>", "<textarea>", "x", " ", "@ana",
     "<p style='x'>", "<span data-mention-id='a\"b'>", "</span>", "<br>", "`", "*", "#", "[a](javascript:x)", "\n"]
)  # fmt: skip
HTMLISH = st.lists(PIECES, max_size=24).map("".join)
TAG = re.compile(r"<\s*/?\s*([a-zA-Z0-9]+)")


def tags_and_attributes(html: str) -> tuple[set[str], set[str]]:
    from html.parser import HTMLParser

    class Collect(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.tags: set[str] = set()
            self.attrs: set[str] = set()
            self.urls: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.tags.add(tag)
            self.attrs |= {name for name, _value in attrs}
            self.urls += [value or "" for name, value in attrs if name in ("href", "src", "poster")]

    collect = Collect()
    collect.feed(html)
    assert not [url for url in collect.urls if re.match(r"\s*(javascript|data|vbscript):", url, re.IGNORECASE)]
    return collect.tags, collect.attrs


@given(HTMLISH, st.sampled_from(["html", "md"]))
@settings(max_examples=200, deadline=None)
@example(
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>", "html"
)
@example("<iframe><a href='javascript:x'>y</a></iframe>", "html")
def test_no_script_survives(source: str, kind: str) -> None:
    html = str(richtext.to_html(richtext.clean(source, kind), kind))
    tags, attributes = tags_and_attributes(html)
    assert tags <= richtext.TAGS
    assert not {name for name in attributes if name.startswith("on") or name in ("style", "srcdoc", "formaction")}


@given(HTMLISH)
@settings(max_examples=200, deadline=None)
def test_cleaning_twice_changes_nothing(source: str) -> None:
    once = richtext.clean(source, "html")
    assert richtext.clean(once, "html") == once


@given(HTMLISH, st.sampled_from(["html", "md"]), st.integers(1, 80))
@settings(max_examples=200, deadline=None)
def test_excerpt_is_short_and_of_one_line(source: str, kind: str, length: int) -> None:
    found = richtext.excerpt(source, kind, length)
    assert len(found) <= length
    assert "\n" not in found


def test_what_the_editor_writes_is_kept() -> None:
    source = (
        '<h2>Why</h2><p>A <strong>b</strong> <em>c</em> <s>d</s> <u>e</u> <mark data-color="#ff0">f</mark></p>'
        '<ul data-type="taskList"><li data-type="taskItem" data-checked="true" data-uid="1" data-due-on="2027-01-01">x</li></ul>'
        '<table><tbody><tr><td colspan="2">y</td></tr></tbody></table><pre><code>z</code></pre>'
        '<p>Hi <span data-mention-id="ana">@Ana</span></p>'
    )
    assert richtext.clean(source, "html") == source


def test_outbound_links_open_elsewhere_and_inner_ones_here() -> None:
    html = richtext.to_html(
        '<p><a href="https://x.org/">a</a> <a href="/d/abc">b</a> <a href="//evil.org">c</a>'
        ' <a href="/\\evil.org">d</a> <a href="/\t/evil.org">e</a> <a href="#x">f</a></p>'
    )
    links = re.findall(r"<a[^>]*>", html)
    assert ['target="_blank"' in link for link in links] == [True, False, True, True, True, False]
    assert all('rel="nofollow ugc noreferrer noopener"' in link for link in links)


def test_headings_have_ids_of_their_own() -> None:
    html = richtext.to_html("<h2>Über uns</h2><h3>Über uns</h3>", prefix="c7-")
    assert re.findall(r'id="([^"]+)"', html) == ["c7-über-uns", "c7-über-uns-2"]


def test_empty_paragraphs_at_the_edges_go() -> None:
    assert richtext.clean("<p></p><p>a</p><p></p><p>b</p><p><br></p>", "html") == "<p>a</p><p></p><p>b</p>"


def test_frames_only_of_known_hosts() -> None:
    known = '<iframe src="https://www.youtube.com/embed/1"></iframe>'
    assert richtext.clean(known, "html") == known
    assert "evil" not in richtext.clean('<iframe src="https://evil.org/"></iframe>', "html")
    assert "evil" not in richtext.clean('<iframe src="https://www.youtube.com@evil.org/"></iframe>', "html")


def test_markdown_becomes_html() -> None:
    source = "# T\n#### Deep\n\n- [x] done\n- [ ] open\n\n|a|b|\n|-|-|\n|1|2|\n\n~~no~~ https://x.org\nnext <b>raw</b>"
    html = str(richtext.to_html(source, "md"))
    assert '<h1 id="h-t">T</h1>' in html
    assert '<h3 id="h-deep">Deep</h3>' in html
    assert html.count('data-type="taskItem"') == 2
    assert 'data-checked="true"' in html
    assert "<td>1</td>" in html
    assert "<s>no</s>" in html
    assert 'href="https://x.org"' in html
    assert "<br>" in html
    assert "&lt;b&gt;raw" in html


@pytest.mark.parametrize(
    ("source", "kind", "names"),
    [
        ("Hi @Ana and @bo-b, mail x@y.org, `@code` [@in](/x) @ana", "md", ["ana", "bo-b"]),
        ('<p><span data-mention-id="Ana">@Ana</span> @plain <span data-type="x" data-mention-id="cy">c</span></p>', "html",
         ["ana", "cy"]),
        ("", "html", []),
    ],
)  # fmt: skip
def test_who_is_mentioned(source: str, kind: str, names: list[str]) -> None:
    assert richtext.mentioned(source, kind) == names


def test_visible_length_counts_what_is_seen() -> None:
    assert richtext.visible_length("<p>  </p><p><br></p>", "html") == 0
    assert richtext.visible_length("<p>a&amp;b</p>", "html") == 3
    assert richtext.visible_length('<img src="/files/1/a.png">', "html") == 1
    assert richtext.visible_length("**ab**", "md") == 2


def test_excerpt_cuts_between_words() -> None:
    assert richtext.excerpt("<p>one two</p><p>three four</p>", "html", 12) == "one two…"
    assert richtext.excerpt("<p>one</p><ul><li>two</li></ul>", "html") == "one two"


def test_cache_is_bounded() -> None:
    cache: Recent[str] = Recent(10)
    for number in range(5):
        cache.put(number, "xxxx")
    assert cache.size <= 10
    assert cache.get(0) is None
    assert cache.get(4) == "xxxx"


def test_a_cold_cache_is_fast() -> None:
    comment = (
        "<p>Five years is long. I would rather have <strong>three</strong>, see <a href='https://x.org'>this</a>.</p>"
        * 6
    )
    texts = [f"{comment}{number}" for number in range(200)]
    begin = time.process_time()
    for text in texts:
        richtext.to_html(text)
    assert (time.process_time() - begin) / len(texts) < 0.002


def test_the_empty_corner_of_a_table_heads_nothing() -> None:
    shown = richtext.to_html("|   | Repair |\n|---|---|\n| Price | 4 |", "md")
    assert "<th></th>" not in shown
    assert "<th>Repair</th>" in shown


MANY = 4000
HIDDEN = (
    "",
    "<x y='</b>'>",
    '<a "></b>">',
    "<!-- </b> -->",
    "<style></b></style>",
    "<table><td></b></table>",
    "<svg><![CDATA[></b>]]></svg>",
)


@pytest.mark.parametrize("between", HIDDEN)
def test_formatting_that_is_never_closed_takes_no_time_and_keeps_its_words(between):
    text = "".join(f"<b title={number}>{between}<p>w{number} &lt;b" for number in range(MANY))
    start = time.process_time()
    once = richtext.clean(text)
    assert (f"w{MANY - 1} &lt;b" in once, richtext.visible_length(text) > MANY) == (True, True)
    assert richtext.plain(text).count("w") >= MANY
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    "text",
    [
        "<p><b>a</b> <i>b</i></p>" * MANY,
        "<ul>" + "<li><p>a</p></li>" * MANY + "</ul>",
        "<table><tbody>" + "<tr><td><p>a</p></td><td><p><strong>b</strong></p></td></tr>" * 1000 + "</tbody></table>",
        "<blockquote><p>a</p>" * 200 + "</blockquote>" * 200,
    ],
)
def test_what_people_write_is_parsed_however_much_it_is(text):
    assert richtext.clean(text) == text
