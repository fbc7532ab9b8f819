"""Search as one types, by keyboard, and to the very comment or vote."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.site import Site


def found(page: Page, words: str) -> None:
    """Wait until what these words find is shown: before, it is what was found for the first of them, and goes."""
    expect(page.locator("#search-results[complete]")).to_have_attribute("src", re.compile(words))


def test_results_come_as_one_types_and_lead_to_the_very_comment(site: Site) -> None:
    site.once("search", "reindex", "--quiet")
    page = site.enter("noa")
    page.goto("/search")
    words = page.locator("#field-q")
    words.press_sequentially('"deck oven" ')
    found(page, r"q=%22deck\+oven%22\+")
    expect(page.locator("#results mark").first).to_be_visible()
    expect(words).to_be_focused()
    expect(page).to_have_url(re.compile(r"q=%22deck\+oven%22"))
    links = page.locator("#results .row-title a")
    words.press("ArrowDown")
    expect(links.first).to_be_focused()
    links.first.press("ArrowUp")
    expect(words).to_be_focused()
    words.fill("grant")
    page.get_by_text("Narrow down").click()
    page.get_by_label("What", exact=True).select_option("Comment")
    found(page, "q=grant&.*type=Comment")
    expect(page.locator("#results .row-title .pill").first).to_have_text("Comment")
    links.first.click()
    expect(page).to_have_url(re.compile(r"/d/\w+/[^#]+#comment-\d+$"))
    expect(page.locator(f"[id='{page.url.rsplit('#', 1)[1]}']")).to_be_in_viewport()
    page.go_back()
    expect(page.locator("#results mark").first).to_be_visible()
    page.goto("/search?q=pastry&type=Stance")
    links.first.click()
    expect(page).to_have_url(re.compile(r"/(d|p)/\w+/"))
