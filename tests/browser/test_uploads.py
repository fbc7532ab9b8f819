"""Files that go up while one writes: progress, cancel, retry, and what is not sent at all."""

from __future__ import annotations

import re

import pyvips
from playwright.sync_api import Dialog, Locator, Page, Route, expect

from tests.browser.conftest import LIMIT
from tests.browser.site import Site, caught
from tests.browser.test_threads import comment, start

BROKEN = "net::ERR|Failed to fetch"
SEEN = '[src^="/users/"]'
MIDWAY = (
    "() => { const one = document.querySelector('.upload progress'); return one && one.value > 0 && one.value < 1 }"
)


def slow(page: Page, bytes_a_second: int) -> None:
    """Let what goes up take its time; -1: as fast as it can."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_a_second},
    )


def writing(site: Site, title: str) -> Page:
    """Somebody about to comment on a thread of their own."""
    page = site.enter("segun")
    start(page, title)
    page.locator("#comment-form").scroll_into_view_if_needed()
    return page


def attach(page: Page, name: str, size: int) -> Locator:
    """Choose a file; its line below the text."""
    form = page.locator("#comment-form")
    with page.expect_file_chooser() as chooser:
        form.get_by_role("button", name="Attach a file").click()
    chooser.value.set_files({"name": name, "mimeType": "text/plain", "buffer": b"flour " * (size // 6)})
    return form.locator(".upload", has_text=name)


def send(page: Page, words: str) -> Locator:
    """Comment."""
    form = page.locator("#comment-form")
    form.locator(".ProseMirror").click()
    form.locator(".ProseMirror").press_sequentially(words)
    form.get_by_role("button", name="Comment").last.click()
    said = comment(page, words)
    expect(said).to_be_visible()
    return said


def test_an_upload_shows_its_progress_and_can_be_cancelled(site: Site) -> None:
    page = writing(site, "Where is the price list?")
    slow(page, 100_000)
    row = attach(page, "prices.txt", 1_000_000)
    page.wait_for_function(MIDWAY)
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_have_count(0)
    slow(page, -1)
    said = send(page, "Tomorrow then")
    expect(said.get_by_text("prices.txt")).to_have_count(0)
    assert site.ask("SELECT count(*) FROM active_storage_blobs WHERE filename = 'prices.txt'")[0] == 0
    site.forgive(BROKEN)  # that the browser broke off


def test_an_upload_whose_connection_breaks_is_sent_again(site: Site) -> None:
    page = writing(site, "Who keeps the minutes?")
    page.context.set_offline(True)
    row = attach(page, "minutes.txt", 500_000)
    expect(row).to_contain_text("There is no connection to the internet.")
    page.context.set_offline(False)
    page.route("**/files", lambda route: route.abort("connectionreset"), times=1)
    row.get_by_role("button", name="Try again").click()
    expect(row).to_contain_text("The connection broke off before the whole file was sent.")
    site.forgive(BROKEN)
    row.get_by_role("button", name="Try again").click()
    expect(row).to_have_class(re.compile("is-done"))
    expect(row.get_by_role("button", name="Try again")).to_have_count(0)
    said = send(page, "I do")
    expect(said.get_by_role("link", name="minutes.txt")).to_have_count(1)


def test_a_file_of_an_unsent_comment_is_back_after_a_reload(site: Site) -> None:
    page = writing(site, "Who has the recipe?")
    expect(attach(page, "rye.txt", 600)).to_have_class(re.compile("is-done"))
    page.reload()
    row = page.locator("#comment-form .upload", has_text="rye.txt")
    expect(row).to_have_class(re.compile("is-done"))
    said = send(page, "Here it is")
    expect(said.get_by_text("rye.txt")).to_have_count(1)
    expect(row).to_have_count(0)
    page.reload()
    expect(page.locator("#comment-form .ProseMirror")).to_be_visible()
    expect(row).to_have_count(0)


def test_what_is_sent_while_a_file_is_on_its_way_waits_for_it_also_where_it_fails(site: Site) -> None:
    page = writing(site, "Who has the plan?")
    page.set_viewport_size({"width": 360, "height": 740})
    held: list[Route] = []
    page.route("**/files", lambda route: held.append(route), times=1)  # noqa: PLW0108  # it marks what it is given
    row = attach(page, "plan.txt", 600)
    form = page.locator("#comment-form")
    form.locator(".ProseMirror").click()
    form.locator(".ProseMirror").press_sequentially("The plan is here")
    form.get_by_role("button", name="Comment").last.click()
    expect(row).to_contain_text("is sent as soon as this file is there")
    caught(page, held)
    held[0].abort("connectionreset")
    expect(row.get_by_role("button", name="Try again")).to_be_focused()
    site.forgive(BROKEN)
    assert site.ask("SELECT count(*) FROM comments WHERE body LIKE '%The plan is here%'")[0] == 0
    page.keyboard.press("Enter")
    expect(row.get_by_role("button", name="Remove")).to_be_focused()
    form.get_by_role("button", name="Comment").last.click()
    said = comment(page, "The plan is here")
    expect(said.get_by_role("link", name="plan.txt")).to_have_count(1)


def test_a_page_is_not_left_unasked_while_a_file_is_on_its_way(site: Site) -> None:
    page = writing(site, "Who has the keys?")
    page.route("**/files", lambda route: None)
    row, here, asked = attach(page, "keys.txt", 600), page.url, []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", stay)
    page.locator("a.brand").click()
    expect(row).to_have_count(1)
    assert (asked, page.url) == (["A file is still on its way. Leave this page without it?"], here)
    row.get_by_role("button", name="Cancel").focus()
    page.keyboard.press("Enter")
    expect(row).to_have_count(0)
    expect(page.locator("#comment-form").get_by_role("button", name="Attach a file")).to_be_focused()
    page.locator("a.brand").click()  # nobody is asked
    page.wait_for_url(lambda url: url != here)
    site.forgive(BROKEN)


def test_what_the_site_would_refuse_is_not_sent_and_a_refusal_is_told(site: Site) -> None:
    page = writing(site, "Which photos?")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/files") else None)
    large = attach(page, "film.txt", LIMIT + 6)
    expect(large).to_contain_text("This file is too large: at most 2 MB are allowed.")
    expect(large.get_by_role("button", name="Try again")).to_have_count(0)
    empty = attach(page, "nothing.txt", 0)
    expect(empty).to_contain_text("This file is empty.")
    for row in (large, empty):
        row.get_by_role("button", name="Remove").click()
        expect(row).to_have_count(0)
    assert sent == []

    # The site's limit may have been lowered since the page was opened. It refuses before it has read the file, and ends the
    # connection, so that the browser may or may not come to read the answer.
    page.evaluate("document.querySelector('meta[name=upload-limit]').content = '0'")
    refused = attach(page, "film.txt", 4 * LIMIT)
    expect(refused).to_contain_text(re.compile("too large: at most 2 MB|larger than a server on the way takes"))
    assert len(sent) == 1
    site.forgive(BROKEN, "^413 POST .*/files$")


def test_a_picture_of_oneself_is_seen_before_it_is_sent_and_beside_the_name(site: Site) -> None:
    page = site.enter("freja")
    page.goto("/profile")
    page.get_by_role("link", name="Change picture").click()
    face = page.locator("main .avatar-xl")
    expect(face).to_have_text("FL")
    picture = pyvips.Image.xyz(600, 400).bandmean().cast("uchar").bandjoin([90, 160]).write_to_buffer(".png")
    page.get_by_label("Picture", exact=True).last.set_input_files(
        {"name": "freja.png", "mimeType": "image/png", "buffer": picture}
    )
    expect(face).to_have_attribute("src", re.compile("^blob:"))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your picture is saved.")).to_be_visible()
    expect(page.locator("main img.avatar-xl")).to_have_js_property("complete", True)
    start(page, "Who brings the rye?")
    expect(page.locator(f"main img.avatar{SEEN}").first).to_be_visible()
    writer = page.locator("#comment-form .ProseMirror")
    writer.press_sequentially("@frej")
    expect(page.locator(f".mention-choice img{SEEN}")).to_be_visible()
    page.route("**/users/*/picture?*", lambda route: route.fulfill(status=404))
    page.goto("/profile/picture")
    expect(page.locator("main span.avatar-xl")).to_have_text("FL")
    page.unroute("**/users/*/picture?*")
    page.get_by_role("button", name="Remove the picture").click()
    expect(page.get_by_text("Your picture is removed.")).to_be_visible()
    expect(page.locator("main span.avatar-xl")).to_have_text("FL")
