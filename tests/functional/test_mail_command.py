"""`llmio mail`, as an operator calls it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from llmio import boot
from llmio.cli import mail as command
from llmio.core.ports import Receipt
from llmio.mail import post
from tests.functional.test_admin_mails import NOW, a_mail, server  # noqa: F401  # a fixture


@pytest.fixture
def llmio(app, monkeypatch):
    """`llmio("log")`: run it in this process, on the test's own App."""
    monkeypatch.setattr(boot, "build", lambda *_: app)

    def made(*arguments, code=0):
        done = CliRunner().invoke(command.mail, arguments)
        assert done.exit_code == code, done.output
        return done.output

    return made


def test_the_dialogue_is_shown(llmio, server):  # noqa: F811  # likewise
    told = llmio("test", "Ann@Example.org")
    assert "C rcpt TO:<ann@example.org>" in told
    assert "S 250 2.0.0 queued as 4711" in told
    assert told.splitlines()[-1] == "The mail server took the mail to ann@example.org."
    refused = llmio("test", "nobody@example.org", code=1)
    assert refused.splitlines()[-1].startswith("Error: Not sent: 550 5.1.1")


def test_what_is_no_address_is_refused_in_one_line(llmio):
    assert llmio("test", "nobody", code=1).splitlines() == ["Error: nobody: This is not an e-mail address."]


def test_without_a_server_it_says_what_to_set(llmio):
    assert "set SMTP_SERVER" in llmio("test", "ann@example.org", code=1)


def test_the_log_is_listed(llmio, db):
    assert llmio("log") == "Nothing.\n"
    post.note(db, a_mail("ann@example.org", number=1), Receipt(ok=True, answer="250 OK"), NOW)
    post.note(db, a_mail("bob@example.org", number=2), Receipt(ok=False, answer="451 later"), NOW)
    db.flush()
    assert llmio("log").splitlines()[0].split() == ["2027-03-01", "12:00", "waiting", "bob@example.org", "new_comment", "451", "later"]  # fmt: skip
    lines = json.loads(llmio("log", "--json", "--find", "ANN"))
    assert [(line["address"], line["state"], line["answer"], line["tries"]) for line in lines] == [
        ("ann@example.org", "sent", "250 OK", 1)
    ]
    assert json.loads(llmio("log", "--json", "--state", "refused")) == []
    llmio("log", "--state", "odd", code=2)
