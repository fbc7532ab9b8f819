"""Several people in one text: each in a browser of their own, on a real site with its own server for it."""

from __future__ import annotations

import os
import re
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from llmio.embedded.process import marked_with, wait_until
from tests.browser.site import PATIENCE, Site, caught

SESSION = "**/collab/session*"
SAVED = re.compile(r"/d/\w+/(?!edit)[\w-]+$")
LOST = "WebSocket connection to|net::ERR|Failed to fetch"
"""Chromium notes each failed connection as an error of the page."""


def text_of(page: Page) -> Locator:
    """The editor, once it may be written in."""
    page.locator("[data-editor-ready] .ProseMirror").first.wait_for()
    return page.locator(".ProseMirror").first


def add(page: Page, words: str, where: str = "End") -> None:
    """Write at the end, or at the beginning (`Home`)."""
    text_of(page).focus()
    page.keyboard.press(f"Control+{where}")
    page.keyboard.type(words)


def hold(page: Page) -> list[Route]:
    """Let no text be joined until these go on."""
    held: list[Route] = []
    page.route(SESSION, lambda route: held.append(route))  # noqa: PLW0108 - a builtin cannot be a handler
    return held


def go_on(page: Page, held: list[Route]) -> None:
    """Let the text be joined; it may be written in all the time."""
    assert page.locator("[data-editor-ready]").count() == 0
    caught(page, held)
    for one in held:
        one.continue_()
    page.unroute(SESSION)
    text_of(page)


def server_of(site: Site) -> list[int]:
    """The processes of the site's server for writing together."""
    return [pid for pid in marked_with(f"LLMIO_SUPERVISED={site.data}") if "hocuspocus" in command_of(pid)]


def command_of(pid: int) -> str:
    """The words of a process; none where it has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def kill_server(site: Site) -> None:
    site.forgive(LOST)
    assert wait_until(lambda: server_of(site) != [], PATIENCE / 1000)  # a test before this one may have killed it, too
    before = server_of(site)
    for pid in before:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not set(before) & set(server_of(site)), PATIENCE / 1000)


@pytest.fixture
def pair(site: Site) -> tuple[Page, Page, str]:
    """Two who may edit a thread, with its form open; and the thread's address."""
    first, second = site.enter("amina"), site.enter("chloe")
    first.goto("/sunrise")
    first.get_by_role("link", name="Start a thread").first.click()
    first.get_by_label("Title").fill("Written by two")
    text_of(first).press("Control+a")  # whatever was begun there before
    first.keyboard.type("Saved.")
    first.locator("main form button[type=submit]").last.click()
    first.wait_for_url(re.compile(r"/d/\w+/"))
    address = first.url
    edit = "/".join(address.split("/")[:5]) + "/edit"
    for page in (first, second):
        page.goto(edit)
        expect(text_of(page)).to_have_text("Saved.")
    return first, second, address


def test_two_write_one_text_and_see_each_other(pair: tuple[Page, Page, str]) -> None:
    first, second, address = pair
    expect(first.locator(".editor-person")).to_have_text(["Chloé Martin"])
    expect(second.locator(".editor-person")).to_have_text(["Amina Diallo"])
    add(first, " From the first.")
    expect(text_of(second)).to_contain_text("Saved. From the first.")
    expect(second.locator(".caret")).to_have_attribute("data-name", "Amina Diallo")
    add(second, "By the second. ", "Home")
    expect(text_of(first)).to_contain_text("By the second. Saved. From the first.")
    # Undoing takes back one's own words alone.
    first.keyboard.press("Control+z")
    expect(text_of(second)).not_to_contain_text("From the first")
    expect(text_of(first)).to_contain_text("By the second. Saved.")
    first.locator("main form button[type=submit]").last.click()
    first.wait_for_url(SAVED)
    expect(first.locator("main")).to_contain_text("By the second. Saved.")
    # The other goes on from there; who comes anew finds the saved text.
    expect(second.locator(".editor-people")).to_be_hidden()
    add(second, " More.")
    second.locator("main form button[type=submit]").last.click()
    second.wait_for_url(SAVED)
    expect(second.locator("main")).to_contain_text("Saved. More.")
    first.goto("/".join(address.split("/")[:5]) + "/edit")
    expect(text_of(first)).to_have_text("By the second. Saved. More.")
    expect(first.locator(".editor-note").first).to_be_empty()


def test_the_server_is_killed_and_nothing_typed_is_lost(site: Site, pair: tuple[Page, Page, str]) -> None:
    first, second, _address = pair
    add(first, " Before.")
    expect(text_of(second)).to_have_text("Saved. Before.")
    kill_server(site)
    expect(first.locator(".editor-note").last).to_contain_text("kept here")
    add(first, " First, alone.")
    add(second, "Second, alone. ", "Home")
    whole = "Second, alone. Saved. Before. First, alone."
    expect(text_of(first)).to_have_text(whole)
    expect(text_of(second)).to_have_text(whole)
    expect(first.locator(".editor-note").last).to_be_empty()


def test_one_goes_offline_and_comes_back(site: Site, pair: tuple[Page, Page, str]) -> None:
    first, second, _address = pair
    lines = []
    first.context.route_web_socket(
        re.compile(":[0-9]+/?$"), lambda line: lines.append((line, line.connect_to_server()))
    )
    first.reload()
    expect(text_of(first)).to_have_text("Saved.")
    site.forgive(LOST)
    first.context.set_offline(True)
    for line, _server in lines:
        line.close()
    expect(first.locator(".editor-note").last).to_contain_text("kept here")
    add(first, " Offline.")
    add(second, "Meanwhile. ", "Home")
    expect(text_of(second)).to_have_text("Meanwhile. Saved.")
    first.context.set_offline(False)
    for page in (first, second):
        expect(text_of(page)).to_have_text("Meanwhile. Saved. Offline.")


def test_what_was_typed_is_there_after_the_page_was_left(site: Site, pair: tuple[Page, Page, str]) -> None:
    first, second, address = pair
    second.goto(address)
    expect(first.locator(".editor-people")).to_be_hidden()
    add(first, " Not saved.")
    kill_server(site)
    first.goto(address)
    first.goto("/".join(address.split("/")[:5]) + "/edit")
    expect(text_of(first)).to_have_text("Saved. Not saved.")
    expect(first.locator(".editor-note").first).to_contain_text("nobody has saved yet")
    first.get_by_role("button", name="Show the saved text").click()
    expect(text_of(first)).to_have_text("Saved.")


def test_what_is_typed_before_the_text_is_joined_is_carried_over(pair: tuple[Page, Page, str]) -> None:
    first, second, _address = pair
    held = hold(first)
    first.reload()
    text = first.locator(".ProseMirror").first
    text.click()
    first.keyboard.press("Control+End")
    first.keyboard.type(" From the first")
    add(second, "By the second. ", "Home")
    expect(text).to_have_text("Saved. From the first")
    go_on(first, held)
    first.keyboard.type(", to the end.")  # the cursor is where it was
    for page in (first, second):
        expect(text_of(page)).to_have_text("By the second. Saved. From the first, to the end.")
    expect(first.locator(".editor-note").first).to_be_empty()
    first.keyboard.press("Control+z")
    expect(text_of(second)).not_to_contain_text("to the end")


def test_a_comment_typed_before_it_is_joined_keeps_what_was_begun_elsewhere(
    pair: tuple[Page, Page, str],
) -> None:
    laptop, _other, address = pair
    for words, whole in (("Begun early", ["Begun early."]), ("Ended late", ["Begun early.", "Ended late."])):
        held = hold(laptop)
        laptop.goto(address)
        laptop.locator("#comment-form").scroll_into_view_if_needed()
        laptop.locator(".ProseMirror").first.click()
        laptop.keyboard.type(words)
        go_on(laptop, held)
        laptop.keyboard.type(".")
        expect(text_of(laptop).locator("p")).to_have_text(whole)
    laptop.locator("#comment-form button[type=submit]").last.click()
    expect(laptop.locator("article.comment", has_text="Ended late.")).to_contain_text("Begun early.")
    expect(text_of(laptop)).to_have_text("")


def test_a_silent_server_keeps_nobody_from_writing(site: Site) -> None:
    page = site.enter("amina")
    page.context.route_web_socket(re.compile(r":[0-9]+/?$"), lambda _line: None)
    page.goto("/sunrise")
    page.get_by_role("link", name="Start a thread").first.click()
    page.get_by_label("Title").fill("In silence")
    add(page, "All the same.")
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(re.compile(r"/d/\w+/"))
    expect(page.locator("main")).to_contain_text("All the same.")


def test_a_comment_begun_on_one_device_goes_on_on_another_and_ends_when_it_is_sent(
    site: Site, pair: tuple[Page, Page, str]
) -> None:
    laptop, other, address = pair
    phone = site.enter("amina")
    for page in (laptop, phone, other):
        page.goto(address)
        page.locator("#comment-form").scroll_into_view_if_needed()
        text_of(page)
    add(laptop, "Begun here")
    expect(text_of(phone)).to_have_text("Begun here")
    add(phone, ", ended there")
    expect(text_of(laptop)).to_have_text("Begun here, ended there")
    expect(text_of(other)).to_have_text("")
    phone.locator("#comment-form button[type=submit]").last.click()
    expect(phone.locator("article.comment", has_text="Begun here, ended there")).to_be_visible()
    expect(text_of(laptop)).to_have_text("")
    expect(text_of(phone)).to_have_text("")
    phone.reload()
    expect(text_of(phone)).to_have_text("")
