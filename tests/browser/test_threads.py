"""A thread with scripts: all that is done in it happens in its place."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from tests.browser.site import Site
from tests.browser.test_axe import faults_of, keys, sideways

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def live(page: Page) -> None:
    """Wait until the page hears of what others do."""
    expect(page.locator("html")).to_have_attribute("data-live", "on")


def comment(page: Page, words: str) -> Locator:
    """The comment that says this."""
    return page.locator("article.comment", has_text=words).first


def item(comment: Locator) -> Locator:
    """The place of a comment in its thread."""
    return comment.locator("xpath=ancestor::*[contains(@class, 'thread-item')][1]")


def write(form: Locator, words: str) -> None:
    """Put words into the editor of a form, in place of what was there."""
    editor = form.locator(".ProseMirror")
    editor.click()
    editor.press("Control+a")
    editor.press_sequentially(words)


def choose(one: Locator, name: str) -> None:
    """Pick from the menu of a comment."""
    one.locator("summary[aria-label='More about this comment']").click()
    one.locator(".menu-panel").get_by_text(name, exact=True).click()


def start(page: Page, title: str) -> str:
    """Start a thread in the bakery; returns its address."""
    page.goto("/sunrise")
    page.get_by_role("link", name="Start a thread").first.click()
    page.get_by_label("Title").fill(title)
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(re.compile(r"/d/\w+/"))
    return page.url


def say(page: Page, words: str) -> Locator:
    """Comment on the thread that is open."""
    form = page.locator("#comment-form")
    form.scroll_into_view_if_needed()
    write(form, words)
    form.get_by_role("button", name="Comment").last.click()
    said = comment(page, words)
    expect(said).to_be_visible()
    return said


def test_a_conversation_stays_on_its_page(site: Site) -> None:
    page = site.enter("segun")
    here = start(page, "Who waters the basil?")
    form = page.locator("#comment-form")
    first = say(page, "I can on Mondays")
    expect(form.locator(".ProseMirror")).to_have_text("")
    expect(form).to_be_focused()

    first.get_by_role("link", name="Reply").click()
    frame = page.locator(".act-frame:has(.ProseMirror)")
    write(frame, "And who on Tuesdays")
    frame.get_by_role("button", name="Reply").click()
    answer = comment(page, "And who on Tuesdays")
    expect(answer).to_have_class(re.compile("comment-reply"))
    expect(frame).to_have_count(0)
    expect(item(first)).to_be_focused()

    first.locator("summary[aria-label=React]").click()
    first.locator(".reaction-choice").first.click()
    expect(first.locator("button.reaction[aria-pressed=true]")).to_have_count(1)
    first.locator("button.reaction").click()
    expect(first.locator("button.reaction")).to_have_count(0)

    choose(answer, "Edit")
    write(page.locator(".act-frame:has(.ProseMirror)"), "And who on Wednesdays")
    page.locator(".act-frame").get_by_role("button", name="Save").click()
    edited = comment(page, "And who on Wednesdays")
    expect(edited).to_contain_text("edited")
    expect(item(edited)).to_be_focused()

    choose(edited, "Remove")
    expect(page.get_by_text("This comment was removed.")).to_be_visible()
    expect(page.locator("article.comment:focus")).to_contain_text("This comment was removed.")
    page.get_by_role("button", name="Bring it back").click()
    expect(comment(page, "And who on Wednesdays")).to_be_visible()

    form.get_by_role("button", name="Comment").last.click()
    expect(page.get_by_text("Please write something.").first).to_be_visible()
    site.forgive(r"^422 POST .*/comments$")  # that the empty comment was refused
    page.goto(here)
    expect(page.locator("article.comment")).to_have_count(2)


def test_a_menu_stays_open_while_others_act(site: Site) -> None:
    page, other = site.enter("segun"), site.enter("priya")
    path = start(page, "Which flour next year?")
    live(page)
    mine = say(page, "Rye from the mill")
    menu = mine.locator("summary[aria-label='More about this comment']")
    menu.click()
    page.keyboard.press("ArrowDown")
    held = page.evaluate("document.activeElement.textContent")

    other.goto(path)
    theirs = comment(other, "Rye from the mill")
    theirs.locator("summary[aria-label=React]").click()
    theirs.locator(".reaction-choice").first.click()
    expect(mine.locator("button.reaction")).to_have_count(1)
    expect(mine.locator("details[open]")).to_have_count(1)
    assert page.evaluate("document.activeElement.textContent") == held
    mine.locator(".menu-panel").get_by_text("Edit", exact=True).click()
    expect(page.locator(".act-frame .ProseMirror")).to_be_visible()


def test_what_one_reads_leaves_the_bell(site: Site) -> None:
    page, other = site.enter("hamid"), site.enter("priya")  # nobody else tells him anything
    path = start(page, "Who opens on Sunday?")
    say(page, "Not me")
    page.goto("/notifications")
    seen = page.locator("main").get_by_role("button", name="Mark all as seen")
    if seen.count():
        seen.click()
        expect(seen).to_have_count(0)
    live(page)
    other.goto(path)
    comment(other, "Not me").locator("summary[aria-label=React]").click()
    comment(other, "Not me").locator(".reaction-choice").first.click()
    bell = page.locator(".bell [data-bell-count]")
    expect(bell).to_have_attribute("data-bell-count", "1")
    page.goto(path)
    expect(bell).to_have_attribute("data-bell-count", "0")
    expect(bell).to_be_hidden()


def test_a_picture_in_a_comment_is_seen_by_others(site: Site) -> None:
    page = site.enter("segun")
    page.goto(keys(site)["THREAD"])
    form = page.locator("#comment-form")
    form.scroll_into_view_if_needed()
    expect(form.locator(".ProseMirror")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        form.get_by_role("button", name=re.compile("picture|file|attach", re.IGNORECASE)).first.click()
    chooser.value.set_files({"name": "oven.png", "mimeType": "image/png", "buffer": PIXEL})
    expect(form.locator("img[src^='/files/'], .upload.is-done")).to_have_count(1)
    expect(form.locator(".ProseMirror")).to_be_focused()
    page.keyboard.type("the oven today")  # behind the picture, not in its place
    form.get_by_role("button", name="Comment").last.click()
    shown = comment(page, "the oven today")
    expect(shown).to_be_visible()
    picture = shown.locator("img[src^='/files/']").first
    expect(picture).to_be_visible()
    assert picture.evaluate("one => one.decode().then(() => one.naturalWidth)") == 1


def read(answer: Response) -> bool:
    """Whether this is the answer to what was on the screen, not only to the thread having been opened."""
    return answer.url.endswith("/read") and answer.ok and "ranges=1" in (answer.request.post_data or "")


def test_what_was_on_the_screen_is_read(site: Site) -> None:
    writer = site.enter("segun")
    path = start(writer, "Minutes of Monday")
    say(writer, "We met and decided")

    reader = site.enter("priya")
    reader.goto("/inbox")
    expect(reader.get_by_role("link", name="Minutes of Monday")).to_be_visible()
    with reader.expect_response(read):
        reader.goto(path)
    reader.goto("/inbox")
    expect(reader.get_by_role("heading", level=1)).to_have_text("Inbox")
    expect(reader.get_by_role("link", name="Minutes of Monday")).to_have_count(0)


def test_a_page_hears_again_when_the_live_channel_had_forgotten_who_it_is(site: Site) -> None:
    page = site.enter("segun")
    here = start(page, "Still there?")
    page.goto(here)
    live(page)
    page.evaluate("addEventListener('llmio:reconnected', () => { window.back = true })")
    site.forget_who_is_live()
    page.wait_for_function("() => window.back")
    other = site.enter("yuki")
    other.goto(here)
    post(other, here, "I am live.", "md")
    expect(comment(page, "I am live.")).to_be_visible()


TASKS = """A Markdown text:

- [ ] @segun order flour, so much that it lasts until the days are longer again due:2030-03-29
- [x] sweep"""
BOXES = """<ul data-type="taskList"><li data-type="taskItem" data-checked="false" data-due-on="2030-03-29"><p>bake</p>
<ul data-type="taskList"><li data-type="taskItem" data-checked="true"><p>preheat</p></li></ul></li></ul>"""


def post(page: Page, thread: str, body: str, form: str) -> None:
    """Say something by the plain form."""
    token = page.locator("meta[name=csrf-token]").get_attribute("content")
    fields = {"csrf_token": token or "", "body": body, "body_format": form}
    assert page.request.post(f"{thread.rsplit('/', 1)[0]}/comments", form=fields).ok


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (360, True)])
def test_a_box_is_ticked_for_all_who_see_it(site: Site, width: int, dark: bool) -> None:
    page = site.enter("segun", width=width, dark=dark)
    here = start(page, f"Who does what at {width}?")
    post(page, here, TASKS, "md")
    post(page, here, BOXES, "html")
    other = site.enter("yuki")
    for one in (page, other):
        one.goto(here)
        live(one)
    box, theirs = (one.get_by_role("checkbox", name=re.compile("order flour")) for one in (page, other))
    page.evaluate("window.marked = true")
    box.focus()
    box.press("Space")
    expect(box).to_be_checked()
    expect(box).to_be_focused()
    expect(theirs).to_be_checked()
    box.click()
    expect(theirs).not_to_be_checked()
    assert page.evaluate("window.marked")
    assert page.evaluate("location.href") == here
    assert faults_of(page) == []
    assert width > 400 or sideways(page) <= 0
    edited = comment(page, "preheat")
    choose(edited, "Edit")
    form = page.locator("turbo-frame.act-frame form", has=page.locator(".ProseMirror"))
    form.get_by_role("button", name="Write Markdown").click()
    expect(form.locator("textarea")).to_have_value(re.compile(r"- \[ \] bake due:2030-03-29\n"))
    form.get_by_role("button", name="Write Markdown").click()
    form.locator("button[type=submit]").last.click()
    expect(comment(page, "preheat")).to_contain_text("Mar 29, 2030")
    if folder := os.environ.get("LLMIO_SHOTS"):
        page.screenshot(path=Path(folder, f"tasks-{width}-{'dark' if dark else 'light'}.png"), full_page=True)


def test_on_paper_there_is_what_was_written_at_full_width(site: Site) -> None:
    page = site.enter("yuki")
    page.goto(keys(site)["THREAD"])
    page.emulate_media(media="print")
    assert page.locator("main").evaluate("main => main.offsetWidth / document.body.offsetWidth") > 0.95
    expect(page.locator("h1")).to_be_visible()
    for gone in (".topbar", ".sidebar", "main .btn", "#comment-form"):
        expect(page.locator(gone).first).to_be_hidden()
