"""axe-core finds nothing on any page, light and dark; no page scrolls sideways on a phone."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import Site

SIGNED_OUT = ("/sign_in", "/sign_up", "/no/such/page", "/styleguide")
SIGNED_IN = (
    "/dashboard",
    "/inbox",
    "/notifications",
    "/email_preferences",
    "/profile",
    "/profile/security",
    "/profile/deactivate",
    "/search",
    "/search?q=oven",
    "/explore",
    "/g/new",
    "/d/new",
    "/p/new",
    "/sunrise",
    "GROUP/members",
    "GROUP/invite",
    "GROUP/edit",
    "GROUP/settings",
    "GROUP/volume",
    "GROUP/my_address",
    "GROUP/pictures",
    "ROOT/people",
    "ROOT/edit",
    "ROOT/volume",
    "BALLOT/voters",
    "BALLOT/remind",
    "BALLOT/thread",
    "GROUP/export",
    "GROUP/delete",
    "GROUP/tags",
    "/profile/delete",
    "/profile/merge",
    "GROUP/emails",
    "GROUP/integrations",
    "GROUP/integrations/new",
    "INTEGRATION",
    "INTEGRATION/edit",
    "THREAD",
    "POLL",
    "/p/new?poll_type=proposal&group_id=ID",
    "/p/new?poll_type=poll&group_id=ID",
    "/p/new?poll_type=score&group_id=ID",
    "/dev/mail",
)
ADMIN = (
    "/admin",
    "/admin/users",
    "/admin/users/1",
    "/admin/users/2/destroy",
    "/admin/groups",
    "/admin/settings",
    "/admin/features",
    "/admin/jobs",
    "/admin/jobs/dead",
    "/admin/deliveries",
    "/admin/mails",
    "/admin/plugins",
    "/admin/imports",
    "/work/1",
)


def faults_of(page: Page) -> list[str]:
    """What axe finds, one line each."""
    found = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    return [
        f"{fault['id']}: {fault['help']}: {node['html'][:160]}"
        for fault in found.response["violations"]
        for node in fault["nodes"][:3]
    ]


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def check(page: Page, path: str) -> list[str]:
    """Open a page and say what is wrong with it."""
    page.goto(path)
    page.wait_for_load_state("load")
    wrong = faults_of(page)
    if page.viewport_size and page.viewport_size["width"] < 400 and sideways(page) > 0:
        wrong.append(f"{sideways(page)} pixels wider than the window")
    return [f"{path}: {one}" for one in wrong]


def places(page: Page) -> dict[str, str]:
    """Paths that depend on keys of the demo."""
    page.goto("/sunrise")
    links = {name: page.get_by_role("link", name=name).first.get_attribute("href") or "" for name in (
        "The deck oven is 31 years old. What now?", "Which breads should come back in winter?")}  # fmt: skip
    thread_link = page.get_by_role("link", name="Start a thread").first.get_attribute("href") or ""
    group_link = page.locator(".tabs a").first.get_attribute("href") or ""
    thread, poll = links.values()
    return {
        "GROUP": group_link,
        "THREAD": thread,
        "POLL": poll,
        "ROOT": thread.rsplit("/", 1)[0],
        "BALLOT": poll.rsplit("/", 1)[0],
        "ID": thread_link.rsplit("=", 1)[-1],
    }


def connected(page: Page, group: str) -> str:
    """The page of an integration, with a secret and a message in its log."""
    page.goto(f"{group}/integrations/new")
    page.get_by_label("Name").fill("Program")
    page.get_by_label("Kind").select_option("json")
    page.get_by_label("Address").fill("https://receiver.invalid/hook")
    page.get_by_role("button", name="Connect").click()
    page.wait_for_url(re.compile(r"/integrations/\d+$"))
    return "/" + page.url.split("/", 3)[3]


def path_of(path: str, known: dict[str, str]) -> str:
    """A path with what the demo calls its group, thread and polls."""
    for name, value in known.items():
        path = re.sub(rf"\b{name}\b", value, path)
    return path


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_no_page_shuts_anyone_out(site: Site, dark: bool, width: int) -> None:
    visitor = site.person(width=width, dark=dark)
    wrong = [fault for path in SIGNED_OUT for fault in check(visitor, path)]
    member = site.person(width=width, dark=dark)
    site.sign_in(member, "segun@bakery.example")
    known = places(member)
    known["INTEGRATION"] = connected(member, known["GROUP"])
    wrong += [fault for path in SIGNED_IN for fault in check(member, path_of(path, known))]
    site.llmio("user", "admin", "chloe@bakery.example")
    site.llmio("search", "reindex")
    root = site.person(width=width, dark=dark)
    site.sign_in(root, "chloe@bakery.example")
    wrong += [fault for path in ADMIN for fault in check(root, path)]
    site.faults.clear()  # the missing page was asked for
    assert wrong == [], "\n".join(wrong)
