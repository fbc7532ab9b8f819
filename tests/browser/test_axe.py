"""axe-core finds nothing on any page, light and dark; no page scrolls sideways on a phone."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser import pages
from tests.browser.site import Site

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""What can differ between light and dark, whose pages are the same but for the sheet's colours."""
AXE = """what => axe.run({runOnly: what, resultTypes: ["violations"], iframes: false}).then(({violations}) => violations.flatMap(
  ({id, help, nodes}) => nodes.slice(0, 3).map(({html}) => `${id}: ${help}: ${html.slice(0, 160)}`)))"""
"""Without frames: the one there is, of a mail, runs no scripts, so axe would wait for it in vain."""
STILL = """const still = new CSSStyleSheet();
still.replaceSync("*, ::before, ::after { transition: none !important }");
document.adoptedStyleSheets = [still];"""
"""Else colours fade from one scheme to the other, and axe sees them on their way."""
WIDE, PHONE = 1280, 360


def faults_of(page: Page, what: object = RULES) -> list[str]:
    """What axe finds in the page as it is now, one line each."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    return list(page.evaluate(AXE, what))


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def look(page: Page, path: str) -> list[str]:
    """Say what is wrong with the page that is open: on a wide screen and on a phone, in light and in dark, all in its place."""
    page.wait_for_load_state("load")
    wrong = faults_of(page)
    page.emulate_media(color_scheme="dark")
    wrong += [f"in dark: {fault}" for fault in faults_of(page, COLOURS)]
    page.set_viewport_size({"width": PHONE, "height": 900})
    wrong += [f"on a phone, in dark: {fault}" for fault in faults_of(page, COLOURS)]
    page.emulate_media(color_scheme="light")
    wrong += [f"on a phone: {fault}" for fault in faults_of(page)]
    if sideways(page) > 0:
        wrong.append(f"on a phone: {sideways(page)} pixels wider than the window")
    page.set_viewport_size({"width": WIDE, "height": 900})
    return [f"{path}: {one}" for one in wrong]


def check(page: Page, paths: tuple[str, ...], known: dict[str, str]) -> list[str]:
    """Open pages and say what is wrong with them."""
    wrong = []
    for path in paths:
        answer = page.goto(pages.filled(path, known))
        assert answer is not None
        if answer.status >= 400 and path not in pages.REFUSED:
            wrong.append(f"{path}: {answer.status}")
        wrong += look(page, path)
    return wrong


def places(site: Site, member: Page) -> dict[str, str]:
    """What the words in the lists stand for; some of it is made here."""
    known = keys(site)
    known["INTEGRATION"] = connected(member, known["GROUP"])
    known["MERGE"] = merging(site, member)
    known["INVITATION"] = invited(site, member, known["GROUP"])
    known["COMMENT"] = commented(site, member, known["ROOT"])
    known["MAIL"] = site.mails()[0]
    return known


def keys(site: Site) -> dict[str, str]:
    """Keys and tokens, from the database of the site."""
    group = site.ask("SELECT id, key, token FROM groups WHERE handle = 'sunrise'")
    thread = site.ask("SELECT id, key FROM discussions WHERE title LIKE 'The deck oven%'")
    poll = site.ask("SELECT key FROM polls WHERE title LIKE 'Which breads%'")
    closed = site.ask("SELECT key, id FROM polls WHERE title LIKE 'We buy a new deck oven%'")
    outcome = site.ask(f"SELECT id FROM outcomes WHERE latest AND poll_id = {closed[1]}")
    segun = site.ask("SELECT unsubscribe_token FROM users WHERE email = 'segun@bakery.example'")
    return {
        "GROUP": f"/g/{group[1]}",
        "ID": str(group[0]),
        "JOIN": f"/join/group/{group[2]}",
        "THREAD": f"/d/{thread[1]}/the-deck-oven",
        "ROOT": f"/d/{thread[1]}",
        "KEY": str(thread[1]),
        "POLL": f"/p/{poll[0]}/which-breads",
        "BALLOT": f"/p/{poll[0]}",
        "CLOSED": f"/p/{closed[0]}",
        "OUTCOME": f"/outcomes/{outcome[0]}",
        "UNSUBSCRIBE": f"/unsubscribe/{segun[0]}",
        "TOKEN": site.setup.rsplit("/", 1)[-1],
    }


def connected(page: Page, group: str) -> str:
    """The page of an integration, with a secret."""
    page.goto(f"{group}/integrations/new")
    page.get_by_label("Name").fill("Program")
    page.get_by_label("Kind").select_option("json")
    page.get_by_label("Address", exact=True).fill("https://receiver.invalid/hook")
    page.get_by_role("button", name="Connect").click()
    page.wait_for_url(re.compile(r"/integrations/\d+$"))
    return "/" + page.url.split("/", 3)[3]


def commented(site: Site, member: Page, thread: str) -> str:
    """A comment of one's own that was edited, so that it has a history."""
    plain = site.person(script=False)
    plain.context.add_cookies(member.context.cookies())
    plain.goto(f"{thread}/reply")
    plain.locator("main textarea[name=body]").fill("It bakes well when it bakes.")
    with plain.expect_navigation():
        plain.locator("main form:has(textarea[name=body]) button[type=submit]").last.click()
    path = f"/comments/{site.ask('SELECT max(id) FROM comments')[0]}"
    plain.goto(f"{path}/edit")
    plain.locator("main textarea[name=body]").fill("It bakes well, when it bakes.")
    with plain.expect_navigation():
        plain.locator("main form:has(textarea[name=body]) button[type=submit]").last.click()
    return path


def merging(site: Site, page: Page) -> str:
    """The page that asks whether two accounts shall be one."""
    page.goto("/profile/merge")
    page.get_by_label("Address of the other account").fill("tomasz@bakery.example")
    page.get_by_role("button", name="Send the link").click()
    return site.mail("tomasz@bakery.example", r"(/profile/merge/[^\s\"<>]+)")[1]


def invited(site: Site, page: Page, group: str) -> str:
    """What somebody sees who is asked into a group."""
    page.goto(f"{group}/invite")
    page.get_by_label("Whom do you invite?").fill("guest.to.be@example.org")
    page.get_by_role("button", name="Send invitations").click()
    return site.mail("guest.to.be@example.org", r"(/invitations/[A-Za-z0-9_-]+)")[1]


def on_the_way_in(site: Site, page: Page) -> list[str]:
    """The page that asks for the code, and the one behind the link of the mail."""
    before = site.mails()
    page.goto("/sign_in")
    page.get_by_label("E-mail").fill("yuki@bakery.example")
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/login_code**")
    wrong = look(page, "/login_code")
    link = site.mail("yuki@bakery.example", r"(/login_tokens/[\w-]+)", before)[1]
    page.goto(link)
    return wrong + look(page, "LOGIN")


def work_of(root: Page) -> str:
    """The page of long work: the search index built anew."""
    root.goto("/admin/jobs")
    root.get_by_role("button", name="Build the search index anew").click()
    root.wait_for_url(re.compile(r"/work/\d+$"))
    return "/" + root.url.split("/", 3)[3]


def test_no_page_shuts_anyone_out(site: Site) -> None:
    member, visitor, root = (site.person(width=WIDE) for _ in range(3))
    for page in (member, visitor, root):
        page.add_init_script(script=Axe().axe_script + STILL)
    site.once("user", "admin", "chloe@bakery.example")
    site.once("search", "reindex", "--quiet")
    site.sign_in(member, "segun@bakery.example")
    site.sign_in(root, "chloe@bakery.example")
    known = places(site, member)
    wrong = check(visitor, pages.SIGNED_OUT, known)
    wrong += on_the_way_in(site, visitor)
    wrong += check(member, pages.MEMBER, known)
    wrong += check(root, pages.ADMIN, known | {"WORK": work_of(root)})
    assert wrong == [], "\n".join(wrong)
