"""Tags offered as one types: by keyboard and by a click, several in one field."""

from __future__ import annotations

import re

from playwright.sync_api import Route, expect

from tests.browser.site import Site, caught

NAMES = ("Flour", "Flour mills", "Ovens")


def test_tags_are_offered_as_one_types(site: Site) -> None:
    page = site.enter("segun")
    page.goto("/sunrise")
    start = page.locator("a[href^='/d/new?group_id=']").first.get_attribute("href")
    page.goto(page.locator("a[href$='/tags']").first.get_attribute("href"))
    for name in NAMES:
        page.get_by_label("Name", exact=True).last.fill(name)
        page.get_by_role("button", name="Add the tag").click()
        expect(page.locator(".row-title", has_text=re.compile(f"^{name}$"))).to_be_visible()

    page.goto(start)
    page.get_by_text("Tags", exact=True).click()
    field = page.get_by_role("combobox", name="More tags")
    offered = page.locator(".completing-list:not([hidden]) [role=option]")
    field.press_sequentially("flo")
    expect(offered).to_have_text(["Flour", "Flour mills"])
    field.press("ArrowDown")
    field.press("ArrowDown")
    expect(offered.nth(1)).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", offered.nth(1).get_attribute("id"))
    field.press("Enter")
    expect(field).to_have_value("Flour mills, ")
    expect(field).to_be_focused()
    field.press_sequentially("FL")
    expect(offered).to_have_text(["Flour"])
    offered.first.click()
    expect(field).to_have_value("Flour mills, Flour, ")
    field.press_sequentially("ov")
    expect(offered).to_have_text(["Ovens"])
    field.press("Escape")
    expect(offered).to_have_count(0)
    expect(field).to_have_value("Flour mills, Flour, ov")
    field.press("ArrowDown")
    expect(offered).to_have_text(["Ovens"])
    page.goto("/search?q=oven&tag=ov")
    tag = page.get_by_label("Tag", exact=True)
    tag.press("ArrowDown")
    offered.first.click()
    expect(page).to_have_url(re.compile("tag=Ovens"))


def test_an_answer_that_comes_late_lets_the_choice_be(site: Site) -> None:
    page = site.enter("segun")
    page.goto("/search?q=oven&tag=x")
    page.route("**/tags*q=*", lambda route: route.fulfill(json=["Flour", "Flour mills"]))
    held: list[Route] = []
    page.route("**/tags*q=flo*", lambda route: held.append(route))  # noqa: PLW0108 - a builtin cannot be a handler
    tag = page.get_by_label("Tag", exact=True)
    offered = page.locator(".completing-list:not([hidden]) [role=option]")
    tag.fill("fl")
    expect(offered).to_have_text(["Flour", "Flour mills"])
    tag.press("o")
    tag.press("ArrowDown")
    tag.press("ArrowDown")
    expect(offered.nth(1)).to_have_attribute("aria-selected", "true")
    caught(page, held)
    with page.expect_event("requestfinished", lambda request: "q=flo" in request.url):
        held[0].fulfill(json=["Flour", "Flour mills", "Floor"])
    expect(offered).to_have_text(["Flour", "Flour mills", "Floor"])
    expect(offered.nth(1)).to_have_attribute("aria-selected", "true")
    tag.press("Enter")
    expect(tag).to_have_value("Flour mills")
