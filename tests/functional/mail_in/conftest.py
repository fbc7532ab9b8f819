"""A site that mail reaches, people in a group with a thread, and letters to post."""

from __future__ import annotations

import base64
import itertools
from email.message import EmailMessage
from types import SimpleNamespace

import pytest

HOST = "reply.example.net"
PASSWORD = "relay-secret"
DOOR = "/rails/action_mailbox/relay/inbound_emails"
numbers = itertools.count(1)


@pytest.fixture
def mail_host(app, monkeypatch):
    values = app.settings.values
    monkeypatch.setitem(values, "mail.reply_host", HOST)
    monkeypatch.setitem(values, "mail.old_reply_host", ("old.example.net",))
    monkeypatch.setitem(values, "mail.inbound_password", PASSWORD)
    monkeypatch.setitem(values, "mail.from", "notifications@site.example")
    return HOST


@pytest.fixture
def auth():
    def made(password=PASSWORD, user="actionmailbox"):
        return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}

    return made


@pytest.fixture
def letter():
    def made(to, text="Yes, let us do that.", *, sender="ada@example.org", subject="Re: Lunch", html=None, **headers):
        message = EmailMessage()
        if sender:
            message["From"] = f"Ada <{sender}>"
        message["To"] = to
        message["Subject"] = subject
        message["Message-ID"] = headers.pop("message_id", f"<{next(numbers)}@client.example>")
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        message.set_content(text)
        if html:
            message.add_alternative(html, subtype="html")
        return message

    return made


@pytest.fixture
def post(web, mail_host, run_jobs, auth):
    def posted(message, *, status=204):
        raw = message if isinstance(message, bytes) else message.as_bytes()
        answer = web.post(DOOR, raw, content_type="message/rfc822", headers=auth(), status=status)
        run_jobs()
        return answer

    return posted


@pytest.fixture
def scene(make):
    ada = make.user(name="Ada", email="ada@example.org", email_api_key="KeyOfAda01")
    ben = make.user(name="Ben", email="ben@example.org", email_api_key="KeyOfBen01")
    group = make.group("Kitchen", admin=ben, members=[ada], handle="kitchen")
    thread = make.discussion(group, title="Lunch")
    return SimpleNamespace(ada=ada, ben=ben, group=group, thread=thread)
