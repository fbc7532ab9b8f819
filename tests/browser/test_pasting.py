"""What comes from the clipboard of a word processor: its words and marks stay, its styles go without a complaint."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.site import Site

WORD = """<html><head><style>p.MsoNormal {color: red}</style></head><body lang=EN-GB style='tab-interval:36.0pt'>
<!--StartFragment--><p class=MsoNormal style='margin-bottom:12pt'><span style="font-size:14.0pt;color:#c00000">We need <b style='mso-bidi-font-weight:normal'>a drill</b>,
<span style="font-style:italic">soon</span>: 1 style=cheap.</span></p><!--EndFragment--></body></html>"""
DOCS = """<meta charset='utf-8'><b style="font-weight:normal;" id="docs-internal-guid-1"><p dir="ltr" style="line-height:1.38;">
<span style="font-weight:700;text-decoration:none;">a drill</span><span style="font-weight:400"> that lasts</span></p></b>"""
PASTE = """(html) => {  // what has the focus takes it, as from a keyboard: the editor may be made anew at any moment
  const data = new DataTransfer();
  data.setData("text/html", html);
  document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def test_pasting_from_word_processors(site: Site) -> None:
    mateo = site.enter("mateo")  # who writes nothing else: what one has begun there waits
    mateo.goto("/d/new?group_id=1")
    editor = mateo.locator(".ProseMirror")
    for pasted, text, italic in (
        (WORD, "We need a drill, soon: 1 style=cheap.", ["soon"]),
        (DOCS, "a drill that lasts", []),
    ):
        editor.click()
        mateo.keyboard.press("ControlOrMeta+A")
        mateo.keyboard.press("Delete")
        mateo.evaluate(PASTE, pasted)
        expect(editor).to_contain_text(text)
        expect(editor.locator("strong")).to_have_text(["a drill"])
        assert editor.locator("em").all_inner_texts() == italic
        assert editor.locator("[style]").count() == 0
