"""Ballots by hand: a slider that nobody touched says nothing."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Page, expect

from tests.browser.site import Site

STORED = "select option_scores from stances join polls on polls.id = poll_id where title = 'Where?' and cast_at is not null and latest"


def _score_poll(page: Page) -> None:
    page.goto("/p/new?poll_type=score&group_id=1")
    page.get_by_label("What is to be decided?").fill("Where?")
    for number, name in enumerate(("Sea", "Hills", "Town")):
        if page.locator(f"input[name='option-{number}-name']").count() == 0:
            page.get_by_role("button", name="Add an option").click()
        page.locator(f"input[name='option-{number}-name']").fill(name)
    page.get_by_role("button", name="Start the poll").click()
    page.wait_for_url(re.compile(r"/p/\w+/where"))


def test_a_poll_is_planned_with_the_keyboard(site: Site) -> None:
    ana = site.person(width=360)
    site.sign_in(ana, "amina@bakery.example")
    ana.goto("/p/new?poll_type=proposal&group_id=1")
    opening, closing = ana.get_by_label("Opens on"), ana.get_by_label("Closes", exact=True)
    expect(opening).to_be_hidden()
    usual = closing.input_value()
    ana.get_by_label("Opens", exact=True).focus()
    ana.keyboard.press("ArrowDown")
    ana.keyboard.press("Tab")
    expect(opening).to_be_focused()
    opening.fill("2099-03-28T09:30")
    expect(closing).to_have_value("2099-04-04T09:30")
    ana.get_by_label("Opens", exact=True).select_option("Now")
    expect(opening).to_be_hidden()
    expect(closing).to_have_value(usual)
    ana.get_by_label("Opens", exact=True).select_option("At a time")
    opening.fill("2099-03-28T09:30")
    closing.fill("2099-03-29T09:30")
    opening.fill("2099-03-28T10:30")
    expect(closing).to_have_value("2099-03-29T09:30")  # chosen by hand, it stays
    ana.get_by_label("What is to be decided?").fill("When?")
    ana.get_by_role("button", name="Start the poll").click()
    expect(ana.locator(".poll-vote")).to_contain_text("Votes can be cast from Mar 28, 2099")
    priya = site.person()
    site.sign_in(priya, "priya@bakery.example")
    priya.goto(ana.url)
    expect(priya.locator(".poll-vote")).to_contain_text("Votes can be cast from Mar 28, 2099")
    expect(priya.locator("html")).to_have_attribute("data-live", "on")
    ana.locator("summary", has_text="Open now").press("Enter")
    ana.locator(".confirm-panel button[type=submit]:visible").press("Enter")
    expect(ana.get_by_text("The poll is open.")).to_be_visible()
    expect(ana.get_by_role("button", name="Vote", exact=True)).to_be_visible()
    priya.get_by_text("Agree", exact=True).first.click()  # the ballot has come to the page that was open
    priya.get_by_role("button", name="Vote", exact=True).click()
    expect(priya.get_by_text("Your vote counts.")).to_be_focused()
    priya.set_viewport_size({"width": 360, "height": 740})
    priya.locator("summary", has_text="Change it").click()
    expect(priya.locator(".fold-body .editor-toolbar")).to_be_visible()
    frame, ballot = (priya.locator(one).bounding_box() or {} for one in (".own-vote", ".fold-body"))
    assert ballot["x"] + ballot["width"] <= frame["x"] + frame["width"], "the ballot stays in its frame on a phone"


def test_only_what_was_touched_is_rated(site: Site) -> None:
    ana = site.person(width=360)
    site.sign_in(ana, "amina@bakery.example")
    _score_poll(ana)
    numbers, sliders = ana.locator(".score-option-value"), ana.locator(".score-option .form-range")
    ana.get_by_role("button", name="Vote", exact=True).click()
    expect(ana.locator(".ballot")).to_contain_text("Please rate at least one option.")
    site.forgive("^422 POST ")
    sliders.nth(0).click()
    expect(numbers.nth(0)).not_to_have_value("")
    sliders.nth(0).press("Home")
    sliders.nth(0).press("ArrowRight")
    sliders.nth(1).click(position={"x": 1, "y": 10})
    expect(numbers.nth(1)).to_have_value("0")
    ana.get_by_role("button", name="Vote", exact=True).click()
    expect(ana.get_by_text("Your vote counts.")).to_be_focused()
    assert sorted(json.loads(json.dumps(site.ask(STORED)[0])).values()) == [0, 1]
    ana.get_by_text("Change it", exact=True).click()
    expect(numbers.nth(2)).to_have_value("")
