"""`POST /api/hocuspocus`: who may write together in which text."""

from __future__ import annotations

import json

import pytest

from llmio.discussions.models import DiscussionTemplate
from tests import factories

PATH = "/api/hocuspocus"


@pytest.fixture
def ask(web, db):
    """`ask(user, name)`: the status for the owner of a token; also a whole secret as text."""

    def made(who, name):
        db.flush()
        if not isinstance(who, str):
            db.refresh(who)
        secret = who if isinstance(who, str) else f"{who.id},{who.secret_token}"
        body = json.dumps({"user_secret": secret, "document_name": name})
        return web.post(PATH, body, content_type="application/json", expect_errors=True).status_int

    return made


@pytest.fixture
def place(make, db):
    """Ada runs the group, Ben is a member who wrote a comment, Chi is a stranger."""
    ada, ben, chi = make.user("Ada"), make.user("Ben"), make.user("Chi")
    group = make.group(admin=ada, members=[ben], members_can_edit_discussions=False, admins_can_edit_user_content=False)
    thread = make.discussion(group, author=ada)
    poll = make.poll(discussion=thread, author=ada)
    stance = make.stance(poll, ben)
    template = factories.add(db, DiscussionTemplate(group_id=group.id, author_id=ada.id, process_name="T"))
    records = {
        "group": group, "discussion": thread, "comment": make.comment(thread, author=ben), "poll": poll,
        "outcome": make.outcome(make.poll(discussion=thread, author=ada, closed_at=factories.now())),
        "stance": stance, "user": ben, "discussionTemplate": template,
    }  # fmt: skip
    return {"ada": ada, "ben": ben, "chi": chi}, records


MAY = {
    ("group", "description"): {"ada"},
    ("discussion", "description"): {"ada"},
    ("comment", "body"): {"ben"},
    ("poll", "details"): {"ada"},
    ("outcome", "statement"): {"ada"},
    ("stance", "reason"): {"ben"},
    ("user", "short_bio"): {"ben"},
    ("discussionTemplate", "process_introduction"): {"ada"},
}


@pytest.mark.parametrize(("kind", "field"), MAY)
def test_those_may_write_together_who_may_change_the_record(place, ask, kind, field):
    people, records = place
    name = f"{kind}-{records[kind].id}-{field}"
    assert {who for who, user in people.items() if ask(user, name) == 200} == MAY[kind, field]
    assert {ask(user, name) for user in people.values()} <= {200, 401}
    assert ask(people["ada"], f"{kind}-{records[kind].id + 1000}-{field}") == 401


@pytest.mark.parametrize(
    "name",
    ["comment-new-{me}-12-Discussion-7-body", "discussion-new-{me}-5-description", "poll-new-{me}-5-proposal-details",
     "outcome-new-{me}-3-statement", "stance-new-{me}-3-reason", "pollTemplate-new-{me}-5-details", "group-new-{me}-description"],
)  # fmt: skip
def test_what_is_not_saved_yet_belongs_to_its_writer(place, ask, name):
    people, _records = place
    ada, ben = people["ada"], people["ben"]
    assert ask(ada, name.format(me=ada.id)) == 200
    assert ask(ben, name.format(me=ada.id)) == 401


def test_nobody_may_start_a_group_and_no_more(place, ask):
    people, records = place
    assert ask("0,whatever", "group-new-0-description") == 200
    for name in (
        "discussion-new-0-description",
        f"group-new-{people['ada'].id}-description",
        f"group-{records['group'].id}-description",
    ):
        assert ask("0,whatever", name) == 401


def test_a_token_must_be_the_present_one_of_an_account_that_is_open(place, ask):
    people, records = place
    ada, name = people["ada"], f"group-{records['group'].id}-description"
    assert ask(ada, name) == 200
    token = ada.secret_token
    for secret in ("", ",", f"{ada.id}", f"{ada.id},", f"{ada.id},{token}x", f"{people['ben'].id},{token}", f",{token}",
                   f"-{ada.id},{token}", f"{ada.id}.0,{token}", f"9{'9' * 30},{token}", f"٣,{token}", f"{ada.id},\ud83d"):  # fmt: skip
        assert ask(secret, name) == 401, secret
    ada.deactivated_at = factories.now()
    assert ask(ada, name) == 401


@pytest.mark.parametrize(
    "name",
    ["", "-", "group", "group-{id}", "group--description", "group-{id}-", "group-{id}-description-", "secret-{id}-description",
     "Group-{id}-description", "group-{id}x-description", "group-{id}-1-description", "group-new-description",
     "group-99999999999-description", "group-{id}-description\n", "group-{id}-" + "x" * 300, "event-{id}-body", "../{id}-x"],
)  # fmt: skip
def test_other_names_are_nobodys(place, ask, name):
    people, records = place
    assert ask(people["ada"], f"group-{records['group'].id}-description") == 200
    assert ask(people["ada"], name.format(id=records["group"].id)) == 401


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"user_secret": 1, "document_name": []}', b"\xff\xfe", b"{}"]
)
def test_what_cannot_be_read_is_refused(web, body):
    answer = web.post(PATH, body, content_type="application/json", expect_errors=True)
    assert answer.status_int == 401
    assert answer.headers["Cache-Control"] == "no-store"
    assert web.get(PATH, expect_errors=True).status_int in (404, 405)
