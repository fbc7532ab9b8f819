"""The one-time link that makes the first visitor the administrator."""

from __future__ import annotations

import pytest

from llmio.accounts.models import User
from llmio.core.audit import AuditEntry

TOKEN = "a-token-of-the-first-start"


@pytest.fixture
def token_file(data_folder):
    file = data_folder / "setup-token"
    file.write_text(f"{TOKEN}\n")
    yield file
    for left in data_folder.glob("setup-token*"):
        left.unlink()


def fill(page, **fields):
    form = next(form for form in page.forms.values() if form.action.startswith("/setup"))
    for name, value in fields.items():
        form[name] = value
    return form.submit(expect_errors=True)


def test_first_visitor_becomes_administrator_and_is_in(web, token_file, db):
    page = fill(web.get(f"/setup/{TOKEN}"), name="Ada Lovelace", email="ada@example.org", password="long enough")
    assert page.location.endswith("/dashboard")
    user = db.query(User).filter_by(email="ada@example.org").one()
    assert (user.is_admin, user.email_verified, user.username) == (True, True, "adalovelace")
    assert user.encrypted_password.startswith("$2a$")
    assert web.get("/profile").status_int == 200
    assert not token_file.exists()
    assert [(one.act, one.subject_id) for one in db.query(AuditEntry)] == [("site.set_up", user.id)]


def test_second_use_is_refused(web, new_browser, token_file, db):
    second = new_browser()
    page = second.get(f"/setup/{TOKEN}")
    fill(web.get(f"/setup/{TOKEN}"), name="Ada Lovelace", email="ada@example.org")
    late = fill(page, name="Mallory", email="mallory@example.org")
    assert late.status_int == 410
    assert second.get(f"/setup/{TOKEN}", status=410)
    assert db.query(User).filter_by(is_admin=True).count() == 1
    assert db.query(User).filter_by(email="mallory@example.org").count() == 0


@pytest.mark.parametrize("token", ["wrong", "a-token-of-the-first-star", "%20", "a-token-of-the-first-startt"])
def test_wrong_token_opens_nothing(web, token_file, token, db):
    assert web.get(f"/setup/{token}", status=410)
    assert web.send(f"/setup/{token}", {"name": "Mallory", "email": "m@example.org"}, status=410)
    assert token_file.exists()
    assert db.query(User).filter_by(is_admin=True).count() == 0


def test_empty_token_file_opens_nothing(web, token_file):
    token_file.write_text("")
    assert web.get("/setup/%20", status=410)
    assert web.get("/setup/").maybe_follow().request.path == "/sign_in"


@pytest.mark.parametrize(
    "fields", [{"name": ""}, {"email": "no address"}, {"password": "short"}, {"password": "aaaaaaaaaa"}]
)
def test_refused_form_leaves_the_link_usable(web, token_file, fields, db):
    good = {"name": "Ada Lovelace", "email": "ada@example.org", "password": ""}
    assert fill(web.get(f"/setup/{TOKEN}"), **{**good, **fields}).status_int == 422
    assert token_file.exists()
    assert db.query(User).filter_by(email="ada@example.org").count() == 0
    assert fill(web.get(f"/setup/{TOKEN}"), **good).status_int == 303


def test_person_who_is_there_already_is_made_administrator(web, token_file, make):
    ada = make.user(email="ada@example.org")
    fill(web.get(f"/setup/{TOKEN}"), name="Ada Lovelace", email="ADA@example.org")
    assert (ada.is_admin, ada.name) == (True, "Ada Lovelace")
