"""The page of an integration: a test shows its answer by itself."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.site import Site
from tests.browser.test_axe import connected, faults_of, keys, sideways


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (360, True)])
def test_the_answer_to_a_test_shows_by_itself(site: Site, width: int, dark: bool) -> None:
    page = site.sign_in(site.person(width=width, dark=dark), "segun@bakery.example")
    path = connected(page, keys(site)["GROUP"])
    page.get_by_role("button", name="Send a test").click()
    # The host does not exist; nobody loads the page again.
    expect(page.get_by_role("alert").filter(has_text=re.compile("It did not arrive"))).to_be_visible()
    page.goto(path)
    page.locator("summary", has_text="Make a new secret").click()
    page.locator("form button", has_text="Make a new secret").click()
    expect(page.get_by_text("The old secret that begins with")).to_be_visible()
    assert faults_of(page) == []
    assert width > 400 or sideways(page) <= 0
    if folder := os.environ.get("LLMIO_SHOTS"):
        page.screenshot(path=Path(folder, f"integration-{width}-{'dark' if dark else 'light'}.png"), full_page=True)
