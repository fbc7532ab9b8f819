"""The whole path with scripts: found a group, invite, discuss, decide, see each other live, find it again."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.site import Site
from tests.browser.test_threads import live


def choose(page: Page, name: str) -> None:
    """Pick an option of a ballot by its name."""
    page.locator("label", has_text=re.compile(rf"^\s*{name}")).first.click()


def test_two_people_decide_together(site: Site) -> None:
    """One long story: each step needs the one before."""
    ada = _first_administrator(site)
    group = _group(ada)
    site.forgive(r"^422 POST .*/g/new$")  # that a group without a name was refused
    ben = _invited(site, ada, group)
    thread = _thread(ada, group)
    _comment_is_live(ada, ben, thread)
    poll = _proposal(site, ada, ben, thread)
    _outcome(ada, poll)
    _search(ben)
    _leave(ben)


def _first_administrator(site: Site) -> Page:
    ada = site.person()
    ada.goto(site.setup)
    ada.get_by_label("Your name").fill("Ada Founder")
    ada.get_by_label("E-mail").fill("ada@example.org")
    ada.get_by_role("button", name="Become the administrator").click()
    ada.wait_for_url(lambda url: "/setup/" not in url)
    again = site.person()
    again.goto(site.setup)
    expect(again.get_by_role("heading", level=1)).to_have_text("This link no longer works")
    return ada


def _group(ada: Page) -> str:
    ada.goto("/g/new")
    ada.get_by_label("Name", exact=True).fill("")
    ada.get_by_role("button", name="Start the group").click()
    expect(ada.locator("#field-name-error")).to_be_visible()
    ada.get_by_label("Name", exact=True).fill("Tool library")
    ada.get_by_role("button", name="Start the group").click()
    ada.wait_for_url("**/invite")
    return ada.url.removesuffix("/invite")


def _invited(site: Site, ada: Page, group: str) -> Page:
    ada.get_by_label("Whom do you invite?").fill("Ben <ben@example.org>")
    ada.get_by_role("button", name="Send invitations").click()
    expect(ada.get_by_text("1 invitation is on its way.")).to_be_visible()
    link = site.mail("ben@example.org", r"(/invitations/[A-Za-z0-9_-]+)")[1]
    ben = site.person()
    ben.goto(link)
    ben.get_by_label("Your name").fill("Ben Guest")
    ben.get_by_role("button", name="Join Tool library").click()
    expect(ben.get_by_text("Welcome to Tool library.")).to_be_visible()
    ada.goto(f"{group}/members")
    expect(ada.get_by_role("link", name="Ben Guest")).to_be_visible()
    return ben


def _thread(ada: Page, group: str) -> str:
    ada.goto(group)
    ada.get_by_role("link", name="Start a thread").first.click()
    ada.get_by_label("Title").fill("Which drill do we buy?")
    editor = ada.locator(".ProseMirror")
    editor.click()
    editor.press_sequentially("The old one smells of burning.")
    ada.locator("main form button[type=submit]").last.click()
    ada.wait_for_url(re.compile(r"/d/\w+/which-drill"))
    expect(ada.locator("main")).to_contain_text("The old one smells of burning.")
    return ada.url


def _comment_is_live(ada: Page, ben: Page, thread: str) -> None:
    """What Ben says appears on Ada's page, which is not reloaded."""
    ada.goto(thread)
    live(ada)
    ada.evaluate("window.stayed = true")
    ben.goto(thread)
    form = ben.locator("form:has([name=body])").last
    form.scroll_into_view_if_needed()  # the editor comes when it is near the screen
    box = form.locator(".ProseMirror")
    box.click()
    box.press_sequentially("One with a cable, please.")
    ben.get_by_role("button", name="Comment", exact=True).click()
    expect(ben.get_by_text("One with a cable, please.")).to_be_visible()
    expect(ada.get_by_text("One with a cable, please.")).to_be_visible()
    assert ada.evaluate("window.stayed") is True


def _proposal(site: Site, ada: Page, ben: Page, thread: str) -> str:
    ada.goto(thread)
    ada.get_by_role("link", name="Decide something").click()
    ada.get_by_role("link", name=re.compile("Proposal")).first.click()
    ada.get_by_label("What is to be decided?").fill("We buy a drill with a cable")
    ada.get_by_role("button", name="Start the poll").click()
    ada.wait_for_url(lambda url: "/p/new" not in url)
    ada.goto(thread)
    live(ada)
    ada.evaluate("window.stayed = true")
    ben.goto("/dashboard")
    expect(ben.get_by_text("Waiting for you")).to_be_visible()
    ben.get_by_role("link", name="We buy a drill with a cable").first.click()
    ben.wait_for_url("**/p/**")
    choose(ben, "Agree")
    ben.context.set_offline(True)
    ben.get_by_role("button", name="Vote", exact=True).click()
    expect(ben.locator("#flashes")).to_contain_text("This did not reach the site")
    ben.context.set_offline(False)
    site.forgive("Failed to fetch", "net::ERR_INTERNET_DISCONNECTED")  # that Turbo could not fetch
    ben.get_by_role("button", name="Vote", exact=True).click()
    expect(ben.locator("main")).to_contain_text("Your vote")
    expect(ben.locator("#not-sent")).to_have_count(0)
    expect(ada.locator("main")).to_contain_text("1 of 2")
    assert ada.evaluate("window.stayed") is True
    choose(ada, "Disagree")
    ada.get_by_role("button", name="Vote", exact=True).click()
    expect(ada.locator("main")).to_contain_text("2 of 2")
    return ben.url


def _outcome(ada: Page, poll: str) -> None:
    ada.goto(poll)
    ada.locator("main details.menu > summary").first.click()
    ada.locator("main details.menu summary", has_text=re.compile("Close")).first.click()
    ada.locator("main details.confirm[open] button[type=submit]").first.click()
    expect(ada.locator("main")).to_contain_text("Closed")
    expect(ada.locator("main details.menu[open], main details.confirm[open]")).to_have_count(0)
    ada.goto(re.sub(r"(/p/\w+).*", r"\1/outcome", poll))
    editor = ada.locator("form:has([name=statement]) .ProseMirror")
    editor.click()
    editor.press_sequentially("We buy one with a cable.")
    ada.locator("form:has([name=statement]) button[type=submit]").last.click()
    expect(ada.locator("main")).to_contain_text("We buy one with a cable.")


def _search(ben: Page) -> None:
    ben.goto("/search?q=cabl")
    expect(ben.locator("#results mark").first).to_be_visible()
    ben.goto("/search?q=cabl+!drill&type=Poll")
    expect(ben.locator("main")).to_contain_text("Nothing found")


def _leave(ben: Page) -> None:
    ben.goto("/dashboard")
    ben.locator("details.account > summary").click()
    ben.get_by_role("button", name="Sign out").click()
    ben.wait_for_url(lambda url: "/dashboard" not in url)
    ben.goto("/dashboard")
    ben.wait_for_url("**/sign_in**")
