"""An administrator in a browser: long work is followed to its end, with scripts and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from llmio.embedded.process import wait_until
from tests.browser.site import PATIENCE, Site


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "plain"])
def test_the_index_is_built_anew_and_followed_to_the_end(site: Site, script: bool) -> None:
    site.once("user", "admin", "chloe@bakery.example")
    root = site.person()
    site.sign_in(root, "chloe@bakery.example")
    if not script:
        cookies = root.context.cookies()
        root = site.person(script=False)
        root.context.add_cookies(cookies)
    root.goto("/admin")
    root.get_by_role("link", name="Jobs", exact=True).click()
    root.get_by_role("button", name="Build the search index anew").click()
    root.wait_for_url(re.compile(r"/work/\d+$"))
    if not script:

        def ended() -> bool:
            again = root.get_by_role("link", name="Look again")
            if again.count():
                with root.expect_navigation():
                    again.click()
            return root.get_by_text("Done", exact=True).count() == 1

        assert wait_until(ended, PATIENCE / 1000)
    expect(root.locator(".work").get_by_text("Done", exact=True)).to_be_visible()
