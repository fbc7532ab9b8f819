"""Moving a thread to another group, through its pages."""

from __future__ import annotations

import pytest

from llmio.core.tables import Event
from llmio.polls.models import Poll, Stance


@pytest.fixture
def people(make):
    return [make.user(name) for name in ("Ada", "Ben", "Cleo")]


@pytest.fixture
def here(make, people):
    return make.group("Here", admin=people[0], members=[people[1]])


@pytest.fixture
def there(make, people):
    return make.group("There", admin=people[0], members=[people[2]], discussion_privacy_options="private_only")


@pytest.fixture
def thread(web, make, here, people):
    made = make.discussion(here, author=people[0], title="Who waters the basil?", private=False)
    web.sign_in(people[0])
    return made


def test_a_thread_goes_to_another_group_with_its_polls(web, thread, here, there, people, db):
    poll = {"discussion_id": thread.id, "poll_type": "proposal", "title": "Ada does", "closing_at": "2090-01-01T10:00"}
    page = web.get(f"/p/new?discussion_id={thread.id}&poll_type=proposal")
    form = next(one for one in page.forms.values() if "closing_at" in one.fields)
    form["title"], form["closing_at"] = poll["title"], poll["closing_at"]
    form.submit(status=303)
    page = web.get(f"/d/{thread.key}").follow().click("Move to another group")
    form = next(one for one in page.forms.values() if "group_id" in one.fields)
    assert [text for _value, _chosen, text in form["group_id"].options] == ["Choose a group", "There"]
    form["group_id"] = str(there.id)
    moved = form.submit().follow()
    while moved.status_int == 303:
        moved = moved.follow()
    assert "moved the thread" in moved
    db.expire_all()
    assert (thread.group_id, thread.private) == (there.id, True)
    assert [(one.discussions_count, one.polls_count) for one in (here, there)] == [(0, 0), (1, 1)]
    mine = db.query(Poll).one()
    assert mine.group_id == there.id
    counted = db.query(Stance.participant_id).filter(Stance.poll_id == mine.id, Stance.revoked_at.is_(None))
    assert {row[0] for row in counted} == {people[0].id, people[2].id}
    assert db.query(Event).filter(Event.kind == "discussion_moved").one().custom_fields["source_group_id"] == here.id
    web.sign_in(people[1])
    web.get(f"/d/{thread.key}", status=404)
    web.sign_in(people[2])
    assert web.get(f"/d/{thread.key}").status_int == 303


@pytest.mark.parametrize("target", ["", "nonsense", "here", "elsewhere"])
def test_a_thread_goes_only_where_one_may_start_threads(web, make, thread, here, target, db):
    ids = {"here": here.id, "elsewhere": make.group().id}
    refused = web.send(f"/threads/{thread.key}/group", {"group_id": ids.get(target, target)}, status=422)
    assert refused.html.find(id="field-group_id-error") is not None or "Nowhere to go" in refused
    db.refresh(thread)
    assert thread.group_id == here.id


def test_who_may_not_edit_a_thread_does_not_move_it(web, thread, there, here, people, db):
    here.members_can_edit_discussions = False
    web.sign_in(people[1])
    assert "Move to another group" not in web.get(f"/d/{thread.key}").follow()
    web.send(f"/threads/{thread.key}/group", {"group_id": there.id}, status=403)


def test_who_left_the_group_does_not_take_a_public_thread_of_theirs_along(web, make, thread, here, people, db):
    own = make.group("Own", admin=people[2])
    thread.author_id = people[2].id
    web.sign_in(people[2])
    assert web.get(f"/d/{thread.key}").follow().status_int == 200, "everyone may read it"
    assert "Nowhere to go" in web.send(f"/threads/{thread.key}/group", {"group_id": own.id}, status=422)
    db.refresh(thread)
    assert thread.group_id == here.id
