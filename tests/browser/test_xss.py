"""What people write runs no script: thousands of payloads, read by the parser that counts, a browser's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from llmio.core import richtext
from llmio.core.urls import safe_path
from tests.browser.site import Site
from tests.browser.test_threads import start
from tests.corpora.redirects import ELSEWHERE, ON_THE_SITE
from tests.corpora.xss import payloads

BY_US = {"class", "id", "rel", "target", "loading", "tabindex", "controls", "preload"}
ADDRESSES = {"href", "src", "poster"}
TRAP = """
(() => {
  window.fired = [];
  for (const name of ["alert", "confirm", "prompt", "print", "open"]) window[name] = (...said) => { window.fired.push([name, String(said)]); };
})();
"""
LOOK = """
(texts) => {
  // In a page of their own, twice: what is written out again must not mean something else.
  const found = [];
  const seen = new Set();
  for (const [place, text] of texts.entries()) {
    const box = document.createElement("div");
    document.body.append(box);
    box.innerHTML = text;
    const again = document.createElement("div");
    again.innerHTML = box.innerHTML;
    const whole = new DOMParser().parseFromString(`<!doctype html><table><tr><td>${text}</td></tr></table>`, "text/html");
    for (const root of [box, again, whole.querySelector("td") ?? whole.body])
      for (const node of root.querySelectorAll("*"))
        for (const { name, value } of [{ name: "", value: "" }, ...node.attributes]) {
          const address = ["href", "src", "poster"].includes(name) ? new URL(value, "https://decide.example.org/d/x").href : "";
          const what = [node.localName, node.namespaceURI, name, address.split(":")[0], node.localName === "iframe" && address ? new URL(address).host : ""];
          if (!seen.has(String(what))) { seen.add(String(what)); found.push([...what, place]); }
        }
    if (whole.querySelectorAll("td").length < 1 || whole.querySelector("td > td")) found.push(["left its cell", "", "", "", "", place]);
    if (place % 50 === 49) document.body.replaceChildren();
  }
  return found;
}
"""


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page without any policy, and without a network: pictures fail at once, which is when such scripts run."""
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.evaluate(TRAP)
    yield page
    context.close()


def shown(kind: richtext.Format) -> list[str]:
    """What pages show of each payload, stored by us or found stored."""
    found = [str(richtext.to_html(richtext.clean(one, kind), kind)) for one in payloads()]
    return found + [str(richtext.to_html(one, kind)) for one in payloads()]


def test_the_page_would_notice_a_script_that_runs(page: Page) -> None:
    page.evaluate(LOOK, ["<img src=x onerror=alert(1)>"])
    page.wait_for_function("window.fired.length > 0")


@pytest.mark.parametrize("kind", ["html", "md"])
def test_no_payload_leaves_more_than_what_is_allowed(page: Page, kind: richtext.Format) -> None:
    texts = shown(kind)
    assert len(texts) > 8000
    names = {name for some in richtext.ATTRIBUTES.values() for name in some} | BY_US
    wrong = [
        (element, attribute, scheme, host, texts[place % len(texts)])
        for element, namespace, attribute, scheme, host, place in page.evaluate(LOOK, texts)
        if element not in richtext.TAGS
        or namespace != "http://www.w3.org/1999/xhtml"
        or (attribute and attribute not in names)
        or (scheme and scheme not in richtext.SCHEMES)
        or (element == "iframe" and attribute == "src" and host not in richtext.FRAME_HOSTS)
    ]
    assert wrong == []
    page.evaluate("() => new Promise((done) => setTimeout(done))")
    assert page.evaluate("window.fired") == []


def test_what_counts_as_a_path_of_the_site_is_one_to_a_browser(page: Page) -> None:
    taken = [one for one in (*ELSEWHERE, *ON_THE_SITE) if safe_path(one) is not None]
    assert len(taken) > 10
    hosts = page.evaluate("(all) => all.map((one) => new URL(one, 'https://decide.example.org/d/x').host)", taken)
    assert set(hosts) == {"decide.example.org"}


def test_through_the_front_door_nothing_runs(site: Site) -> None:
    page = site.enter("segun")
    page.add_init_script(TRAP)
    path = urlsplit(start(page, '"></title><script>alert(1)</script><img src=x onerror=alert(1)>')).path
    key = path.split("/")[2]
    token = page.locator("meta[name=csrf-token]").get_attribute("content")
    every = payloads()
    for kind in ("html", "md"):
        for begin in range(0, len(every), 1000):
            words = "\n\n".join(f"<p>{one}</p>" if kind == "html" else one for one in every[begin : begin + 1000])
            form = {"body": words, "body_format": kind, "csrf_token": str(token)}
            answer = page.request.post(f"/d/{key}/comments", form=form, max_redirects=0)
            assert answer.status == 303, answer.text()[:500]
    page.goto(path)
    assert page.locator("article.comment").count() >= 10
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.fired") == []
    stopped = [line for line in site.faults if re.search("Content Security Policy|Refused to|directive", line)]
    assert [line for line in stopped if not re.search("frame-src|img-src|media-src", line)] == []
    site.forgive("")  # what pictures and films of payloads led to
