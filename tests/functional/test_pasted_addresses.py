"""Lists of addresses as people paste them: what is not understood is named, nothing is sent, and the text stays."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from llmio.accounts.models import User

UNDERSTOOD = {
    "ada@example.org, bob@example.org": ["ada", "bob"],
    "Ada ada@example.org\nBob Bo <bob@example.org>": ["ada", "bob"],
    '"Love, Ada" <ADA@example.org>; Bo, Bob <bob@example.org>; Bob bob@example.org': ["ada", "bob"],
    "Name;E-mail\nAda Love;ada@example.org\nBob Bo;bob@example.org": ["ada", "bob"],
    "Ada\tLove\tada@example.org\nBob\tBo\tbob@example.org": ["ada", "bob"],
    "ada@example.org bob@example.org (work).": ["ada", "bob"],
}
NOT_UNDERSTOOD = {
    "ada@example.org, Grace": ["Grace"],
    "ada@example.org\nGrace Hopper\nbob@example.org": ["Grace Hopper"],
    "ada@example.org, bob@example, , Grace at example.org": ["bob@example", "Grace at example.org"],
    "Grace <grace> , ada@example.org": ["Grace <grace>"],
    "ada@example.org grace": ["grace"],
    "Grace": ["Grace"],
    ", ;": [", ;"],
}


@pytest.fixture(params=["group", "thread", "poll"])
def door(request, make, web, run_jobs, mailbox):
    """(send(emails, status), mailbox): people are asked into a group, a thread or a poll."""
    ada = make.user(name="Asker")
    group = make.group(admin=ada)
    thread = make.discussion(group, author=ada)
    poll = make.poll(group=group, author=ada)
    path = {"group": f"/g/{group.key}/invite", "thread": f"/d/{thread.key}/people", "poll": f"/p/{poll.key}/voters"}
    web.sign_in(ada)

    def send(emails, status):
        page = web.send(path[request.param], {"emails": emails, "notify": "1"}, status=status)
        run_jobs()
        return page

    return send, mailbox


def test_names_beside_addresses_are_understood(door, db):
    send, mailbox = door
    for pasted, expected in UNDERSTOOD.items():
        send(pasted, 303)
        asked = set(db.scalars(select(User.email).where(User.email.in_(["ada@example.org", "bob@example.org"]))))
        assert asked == {f"{name}@example.org" for name in expected}, pasted
    assert set(mailbox.addresses()) == {"ada@example.org", "bob@example.org"}


def test_what_is_not_understood_is_named_and_the_text_stays(door):
    send, mailbox = door
    for pasted, expected in NOT_UNDERSTOOD.items():
        page = send(pasted, 422).html
        said = page.select_one(".error-summary a[href='#field-emails']").get_text()
        assert "not understood" in said, pasted
        assert [one for one in expected if f"“{one}”" not in said] == [], said
        assert "ada@example.org" not in said
        assert page.find(id="field-emails").get_text().removeprefix("\n") == pasted
    assert mailbox.mails == []


def test_of_very_many_the_first_are_named_and_the_others_counted(door):
    send, _mailbox = door
    said = send("\n".join(f"person {number}" for number in range(40)), 422).html.select_one(".error-summary").get_text()
    assert "“person 9”" in said
    assert "“person 10”" not in said
    assert "30 more" in said
