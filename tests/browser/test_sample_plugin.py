"""A poll type of a stranger's plugin, in the browser: chosen, filled, voted on, counted."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.site import Site


def test_a_group_decides_by_a_strangers_poll_type(site: Site) -> None:
    amina = site.person()
    site.sign_in(amina, "amina@bakery.example")
    amina.goto("/sunrise")
    amina.get_by_role("link", name="Start a poll").first.click()
    amina.get_by_role("link", name=re.compile("^Least resistance")).first.click()
    amina.get_by_label("What is to be decided?").fill("Where do we go on the day off?")
    names = amina.locator("input[name^='option-'][name$='-name']")
    names.nth(0).fill("To the sea")
    names.nth(1).fill("Into the hills")
    amina.get_by_role("button", name="Start the poll").click()
    amina.wait_for_url(re.compile(r"/p/\w+/where-do-we-go"))
    scores = amina.locator("form[id$='ballot-form'] [name^='score_']")
    scores.nth(0).fill("2")
    scores.nth(1).fill("7")
    amina.get_by_role("button", name="Vote", exact=True).click()
    row = amina.locator(".resistance-result tbody tr").first
    expect(row).to_contain_text("To the sea")
    expect(row).to_contain_text("2")
