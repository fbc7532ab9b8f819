"""`llmio user`, as an operator calls it."""

from __future__ import annotations

import json

import pytest

from llmio.accounts.models import LoginToken, User
from tests.commands import run_command


@pytest.fixture
def llmio(committed_db, app, tmp_path):
    """`llmio("user", "list")`: run the command on a database of the test's own."""
    env = {
        "DATABASE_URL": committed_db.url,
        "LLMIO_ENV": "testing",
        "LLMIO_DATA": str(tmp_path),
        "SECRET_COOKIE_TOKEN": "x" * 40,
    }

    def made(*arguments, typed="", code=0):
        done = run_command(*arguments, env=env, typed=typed)
        assert done.code == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stderr

    return made


def test_people_are_made_listed_and_let_in(llmio, committed_db, new_browser):
    assert "an administrator" in llmio("user", "create", "Ada@example.org", "--name", "Ada Lovelace", "--admin")
    llmio("user", "create", "bob@example.org", "--name", "Bob Ross", "--password", typed="happy little trees\n")
    listed = json.loads(llmio("user", "list", "--json"))
    assert [(one["email"], one["admin"], one["invited"]) for one in listed] == [
        ("bob@example.org", False, False),
        ("ada@example.org", True, False),
    ]
    assert "bob@example.org" in llmio("user", "list", "--find", "ROSS")
    assert "ada" not in llmio("user", "list", "--find", "ROSS")
    browser = new_browser()
    assert browser.send("/sign_in", {"email": "bob@example.org", "password": "happy little trees"}).status_int == 303
    llmio("user", "password", "bob@example.org", typed="something else altogether\n")
    assert browser.get("/profile").status_int == 303, "a new password signs out everywhere"
    link = llmio("user", "link", "ada@example.org").strip()
    assert new_browser().send(link.removeprefix("http://localhost")).status_int == 303
    llmio("user", "admin", "bob@example.org")
    llmio("user", "admin", "ada", code=1)
    llmio("user", "admin", "adalovelace", "--off")
    with committed_db.app.begin() as ctx:
        assert [user.email for user in ctx.db.query(User).filter_by(is_admin=True)] == ["bob@example.org"]
        assert ctx.db.query(LoginToken).one().used


def test_refusals_are_one_line(llmio, committed_db):
    for arguments, typed, words in [
        (("create", "no address", "--name", "X"), "", "not an e-mail address"),
        (("create", "a@example.org", "--name", " "), "", "fill this in"),
        (("create", "a@example.org", "--name", "Ada", "--password"), "short\n", "at least 8"),
        (("password", "nobody@example.org"), "long enough\n", "Nobody has"),
        (("admin", "nobody@example.org"), "", "Nobody has"),
    ]:
        told = llmio("user", *arguments, typed=typed, code=1)
        assert words in told
        assert len(told.strip().splitlines()) == 1
    with committed_db.app.begin() as ctx:
        assert ctx.db.query(User).count() == 0
