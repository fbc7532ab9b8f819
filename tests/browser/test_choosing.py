"""With scripts: the box that stands for everyone, and undoing what was put aside, by the keyboard."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.site import Site


def test_the_box_for_everyone_follows_the_others_and_leads_them(site: Site) -> None:
    page = site.sign_in(site.person(), "segun@bakery.example")
    page.goto("/d/new?group_id=1")
    page.get_by_text("Choose people").click()
    everyone, people = page.get_by_label("Everyone (11)"), page.locator("input[name=people]")
    count = page.locator(".people-choice-count")
    expect(count).to_have_text("0 of 11 chosen")
    people.nth(1).check()
    expect(count).to_have_text("1 of 11 chosen")
    expect(everyone).to_be_checked(indeterminate=True)
    expect(page.locator("input[name=notify][value=people]")).to_be_checked()
    everyone.press("Space")
    expect(everyone).to_be_checked()
    expect(count).to_have_text("11 of 11 chosen")
    people.nth(0).press("Space")
    expect(everyone).not_to_be_checked()
    expect(count).to_have_text("10 of 11 chosen")
    people.nth(0).press("Space")
    expect(everyone).to_be_checked()
    everyone.press("Space")
    expect(count).to_have_text("0 of 11 chosen")
    expect(page.locator("input[name=people]:checked")).to_have_count(0)


def test_what_is_put_aside_comes_back_by_the_keyboard(site: Site) -> None:
    page = site.sign_in(site.person(width=360), "leilani@bakery.example")
    page.goto("/inbox")
    first = page.locator(".thread-row").first
    path = first.locator(".row-title a").get_attribute("href")  # titles may be alike
    link = page.locator(f"main .row-title a[href='{path}']")
    first.get_by_role("button", name="Put aside").press("Enter")
    expect(page.locator(".flash")).to_contain_text("Put aside")
    expect(link).to_have_count(0)
    page.get_by_role("button", name="Undo").press("Enter")
    expect(link).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
