"""The whole path without scripts: every act is a form that works as plain HTML, found on the page before it."""

from __future__ import annotations

import html
import re

import pytest


def form_at(page, action):
    """The form of a page whose action ends so; its CSRF token comes along."""
    found = [form for form in page.forms.values() if isinstance(form.action, str) and re.search(action, form.action)]
    assert found, f"no form {action} among {[form.action for form in page.forms.values()]}"
    return found[0]


def follow(answer):
    """Go where a form leads."""
    while answer.status_int in (302, 303):
        answer = answer.follow()
    return answer


@pytest.fixture
def person(new_browser, run_jobs, mailbox):
    """`person(name, address)`: someone makes an account by the forms, with the code that is mailed."""

    def comes(name, address):
        browser = new_browser()
        form = form_at(browser.get("/sign_up"), "/sign_up")
        form["name"], form["email"] = name, address
        page = follow(form.submit())
        run_jobs()
        code = re.search(r"\b(\d{6})\b", mailbox.last(address).text)[1]
        form = form_at(page, "/login_code")
        form["code"] = code
        page = follow(form.submit())
        assert name.split()[0] in page.text
        return browser

    return comes


def test_a_group_decides_without_scripts(person, new_browser, run_jobs, mailbox):
    ada = person("Ada Founder", "ada@example.org")
    group = found_group(ada)
    ben = invited(ada, group, new_browser, run_jobs, mailbox)
    thread = thread_with_answers(ada, ben, group)
    poll = proposal(ada, ben, thread)
    decided(ada, poll)
    found_again(ben, run_jobs)
    signed_out(ben)


def found_group(ada):
    form = form_at(ada.get("/g/new"), "/g/new$")
    form["name"] = "Tool library"
    page = follow(form.submit())
    return re.search(r"/g/(\w+)/invite", page.request.path)[1]


def invited(ada, group, new_browser, run_jobs, mailbox):
    form = form_at(ada.get(f"/g/{group}/invite"), "/invite$")
    form["emails"] = "Ben <ben@example.org>"
    assert "1 invitation is on its way" in follow(form.submit()).text
    run_jobs()
    link = re.search(r"http://\S*?(/invitations/[\w-]+)", mailbox.last("ben@example.org").text)[1]
    ben = new_browser()
    form = form_at(ben.get(link), "/invitations/")
    form["name"] = "Ben Guest"
    assert "Welcome to Tool library" in follow(form.submit()).text
    return ben


def thread_with_answers(ada, ben, group):
    page = ada.get(f"/g/{group}")
    page = ada.get(html.unescape(re.search(r'href="(/d/new\?[^"]+)"', page.text)[1]))
    form = form_at(page, "/d$")
    form["title"], form["description"] = "Which drill?", "The old one **smells**."
    page = follow(form.submit())
    thread = page.request.path
    assert "<strong>smells</strong>" in page.text
    form = form_at(ben.get(thread), "/comments$")
    form["body"] = "One with a cable."
    page = follow(form.submit())
    assert "One with a cable." in page.text
    page = ada.get(thread)
    assert "One with a cable." in page.text
    react = form_at(page, "/react")
    assert follow(react.submit("reaction", 0)).status_int == 200
    return thread


def proposal(ada, ben, thread):
    page = ada.get(thread)
    page = ada.get(html.unescape(re.search(r'href="(/p/new\?[^"]+)"', page.text)[1]))
    choose = html.unescape(re.search(r'href="(/p/new\?[^"]*poll_type=proposal[^"]*)"', page.text)[1])
    form = form_at(ada.get(choose), "/p/new")
    form["title"] = "We buy a drill with a cable"
    page = follow(form.submit())
    poll = html.unescape(re.search(r'href="(/p/\w+/we-buy[^"#?]*)', ada.get(thread).text)[1])
    page = ben.get(poll)
    form = form_at(page, "/vote$")
    refused = form.submit(expect_errors=True)
    assert refused.status_int == 422
    option = re.search(r'name="option"[^>]*value="(\d+)"', page.text)[1]
    form["option"] = option
    form["reason"] = "Batteries die."
    page = follow(form.submit())
    assert "Batteries die." in page.text
    assert "Batteries die." in ada.get(thread).text
    assert "1 of 2" in ada.get(poll).text
    return poll


def decided(ada, poll):
    form = form_at(ada.get(poll), "/close$")
    page = follow(form.submit())
    assert "Closed" in page.text
    link = html.unescape(re.search(r'href="(/p/\w+/outcome[^"]*)"', page.text)[1])
    form = form_at(ada.get(link), "outcome")
    form["statement"] = "We buy one with a cable."
    assert "We buy one with a cable." in follow(form.submit()).text


def found_again(ben, run_jobs):
    run_jobs()
    form = form_at(ben.get("/search"), "/search")
    form["q"] = "batter"
    page = form.submit()
    assert "<mark>Batteries</mark>" in page.text
    assert "<mark>" not in ben.get("/search?q=batter+!die").text


def signed_out(ben):
    form = form_at(ben.get("/dashboard"), "/sign_out$")
    follow(form.submit())
    assert ben.get("/dashboard").status_int == 303
