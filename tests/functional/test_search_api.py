"""`GET /api/v1/search`, with the reference's parameters and names."""

from __future__ import annotations

from datetime import timedelta

import pytest

from llmio.search import building
from tests import factories

FIELDS = {
    "id", "searchable_type", "searchable_id", "poll_title", "discussion_title", "discussion_key", "highlight", "poll_key",
    "poll_id", "sequence_id", "group_id", "group_handle", "group_key", "group_name", "author_name", "author_id",
    "authored_at", "tags",
}  # fmt: skip


@pytest.fixture
def ada(make):
    return make.user(name="Ada King")


@pytest.fixture
def group(make, ada):
    return make.group(admin=ada, name="Weavers")


@pytest.fixture
def find(web, ada, app, commit):
    """`find(query, …)`: the results that a person gets; the index is built first."""
    built = []

    def ask(query, person=ada, **how):
        if not built:
            commit()
            built.extend(building.build(app, restart=True))
        return web.sign_in(person).get("/api/v1/search", {"query": query, **how}).json

    return ask


def kinds(answer):
    return sorted(one["searchable_type"] for one in answer["search_results"])


def test_fields_and_roots(find, make, ada, group):
    thread = make.discussion(group, author=ada, title="Looms", tags=["cloth"])
    poll = make.poll(discussion=thread, author=ada, title="Buy a loom?", tags=["money"])
    stance = make.stance(poll, ada, choices={"agree": 1}, reason="A zebra **loom**")
    answer = find("zebra")
    (one,) = answer["search_results"]
    assert set(one) == FIELDS
    assert one["authored_at"].endswith("Z")
    assert one["sequence_id"] is None  # it did not enter the thread
    assert one["highlight"] == "A <b>zebra</b> loom"
    expected = {
        "searchable_type": "Stance", "searchable_id": stance.id, "poll_title": "Buy a loom?", "discussion_title": "Looms",
        "discussion_key": thread.key, "poll_key": poll.key, "poll_id": poll.id, "group_id": group.id,
        "group_key": group.key, "group_handle": group.handle, "group_name": "Weavers", "author_name": "Ada King",
        "author_id": ada.id, "tags": ["money", "cloth"],
    }  # fmt: skip
    assert {name: one[name] for name in expected} == expected
    assert [user["id"] for user in answer["users"]] == [ada.id]
    assert [user["email"] for user in answer["users"]] == [None]
    assert [one["key"] for one in answer["polls"]] == [poll.key]
    (found,) = find("buy")["search_results"]
    assert found["sequence_id"] == 1


def test_type_and_order(find, make, ada, group):
    thread = make.discussion(group, author=ada, title="zebra", created_at=factories.now() - timedelta(days=9))
    comment = make.comment(thread, author=ada, body="zebra", created_at=factories.now() - timedelta(days=2))
    later = make.comment(thread, author=ada, body="zebra", created_at=factories.now() - timedelta(days=1))
    ids = lambda **how: [one["searchable_id"] for one in find("zebra", type="Comment", **how)["search_results"]]  # noqa: E731
    assert ids(order="authored_at_desc") == [later.id, comment.id]
    assert ids(order="authored_at_asc") == [comment.id, later.id]
    assert kinds(find("zebra", type="Discussion")) == ["Discussion"]
    assert kinds(find("zebra", type="User")) == []


def test_group_organisation_and_direct(find, make, ada, group):
    below = make.group(admin=ada, name="Dyers", parent_id=group.id)
    hidden = make.group(admin=make.user(), name="Secret", parent_id=group.id)
    elsewhere = make.group(admin=ada, name="Bakers")
    for one in (group, below, hidden, elsewhere):
        make.discussion(one, title=f"zebra {one.name}")
    direct = make.discussion(group, author=ada, title="zebra direct", group_id=None)
    make.reader(direct, ada, guest=True)
    titles = lambda **how: sorted(one["discussion_title"][6:] for one in find("zebra", **how)["search_results"])  # noqa: E731
    assert titles() == ["Bakers", "Dyers", "Weavers", "direct"]
    assert titles(group_id=group.id) == ["Weavers"]
    assert titles(org_id=group.id) == ["Dyers", "Weavers"]
    assert titles(group_id=hidden.id) == []
    assert titles(group_id=0) == ["direct"]
    assert titles(org_id=0) == ["direct"]


def test_tag(find, make, ada, group):
    thread = make.discussion(group, author=ada, title="zebra one", tags=["cloth"])
    make.comment(thread, author=ada, body="zebra two")
    make.discussion(group, author=ada, title="zebra three", tags=["bread"])
    poll = make.poll(group=group, author=ada, title="zebra four", tags=["cloth"])
    assert kinds(find("zebra", tag="cloth")) == ["Comment", "Discussion", "Poll"]
    assert poll.key in {one["poll_key"] for one in find("zebra", tag="cloth")["search_results"]}
    assert kinds(find("zebra", tag="nothing")) == []


def test_at_most_twenty(find, make, ada, group):
    for _number in range(23):
        make.discussion(group, author=ada, title="zebra")
    assert len(find("zebra")["search_results"]) == 20


@pytest.mark.parametrize("how", [{"group_id": "x"}, {"org_id": "-1"}, {"order": "random"}, {"tag": "\x00"}])
def test_strange_parameters_break_nothing(find, how):
    assert find("zebra", **how) == {"search_results": [], "users": [], "polls": []}
    assert find("\x00", **how)["search_results"] == []


def test_nobody_is_refused(web):
    answer = web.get("/api/v1/search?query=x", headers={"Accept": "application/json"}, expect_errors=True)
    assert answer.status_int in (401, 403)
    assert "error" in answer.text
