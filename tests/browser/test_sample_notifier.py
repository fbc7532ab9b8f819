"""Notifiers of a stranger's plugin, in the browser: a group connects a board, a person sets up a pager."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Site
from tests.browser.test_axe import faults_of, keys, sideways


def looked_at(page: Page, name: str, width: int) -> None:
    assert faults_of(page) == []
    assert width > 400 or sideways(page) <= 0
    if folder := os.environ.get("LLMIO_SHOTS"):
        page.screenshot(path=Path(folder, f"{name}-{width}.png"), full_page=True)


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (360, True)])
def test_a_group_connects_a_strangers_board(site: Site, width: int, dark: bool) -> None:
    page = site.sign_in(site.person(width=width, dark=dark), "segun@bakery.example")
    page.goto(f"{keys(site)['GROUP']}/integrations/new")
    expect(page.get_by_label("Key")).to_be_hidden()
    page.get_by_label("Name").fill("Bakehouse")
    page.get_by_label("Kind").select_option(label="Board on the wall")
    expect(page.get_by_label("Room")).to_be_hidden()
    address = page.locator("#field-board-address")
    address.fill("https://board.invalid/notices")
    page.get_by_label("Key").fill("nonsense")
    looked_at(page, "board-form", width)
    page.get_by_role("button", name="Connect").click()
    expect(page.locator("#field-board-key-error")).to_contain_text("Two capitals, a dash")
    expect(address).to_have_value("https://board.invalid/notices")
    looked_at(page, "board-refused", width)
    expect(page.get_by_label("Room")).to_be_hidden()
    page.get_by_label("Key").fill("AB-1234")
    page.get_by_role("button", name="Connect").click()
    page.wait_for_url(re.compile(r"/integrations/\d+$"))
    page.get_by_role("button", name="Send a test").click()
    # The host does not exist.
    expect(page.get_by_role("alert").filter(has_text=re.compile("It did not arrive"))).to_be_visible()
    looked_at(page, "board", width)
    site.forgive("^422 POST ")  # a form was refused, as it should be


@pytest.mark.parametrize(("width", "dark"), [(1280, True), (360, False)])
def test_a_person_sets_up_a_strangers_pager(site: Site, width: int, dark: bool) -> None:
    page = site.sign_in(site.person(width=width, dark=dark), "amina@bakery.example")
    page.goto("/email_preferences")
    page.get_by_role("link", name=re.compile("(Set up|Change) Pager")).click()
    page.get_by_label("Number").fill("+4940777888")
    page.locator("main form button[type=submit]").first.click()
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_role("alert").filter(has_text="the operator has set no gateway")).to_be_visible()
    looked_at(page, "pager", width)
    page.goto("/email_preferences")
    expect(page.locator("#ways")).to_contain_text("Number: +4940777888")
    looked_at(page, "preferences", width)
