"""`/admin/groups`: every group, with its size and privacy."""

from __future__ import annotations

import pytest

from llmio.admin.service import groups
from llmio.core.errors import NotAllowed
from tests import factories as make


@pytest.fixture
def admin(web, db):
    found = make.admin_of_site(db)
    web.sign_in(found)
    return found


def lines(answer):
    return [one.text for one in answer.html.select(".job-row .row-title > span:first-child")]


def told(answer):
    return answer.follow().html.select_one("#flashes").text


def test_groups_are_counted_sorted_and_found(web, admin, db):
    ada, ben, chi = (make.user(db) for _ in range(3))
    bakers = make.group(db, "Bakers", admin=ada, members=[ben, chi, make.user(db, deactivated_at=make.now())])
    actors = make.group(db, "Actors 100%", admin=ada, is_visible_to_public=False)
    for _number in range(2):
        make.discussion(db, actors, author=ada)
    make.discussion(db, actors, author=ada, discarded_at=make.now())
    page = web.get("/admin/groups?sort=members")
    assert lines(page) == ["Bakers", "Actors 100%"]
    assert "3 members" in page.html.select_one(f"#group-{bakers.id}").text
    assert "2 threads" in page.html.select_one(f"#group-{actors.id}").text
    assert "Secret" in page.html.select_one(f"#group-{actors.id}").text
    assert lines(web.get("/admin/groups?sort=threads")) == ["Actors 100%", "Bakers"]
    assert lines(web.get("/admin/groups?sort=name")) == ["Actors 100%", "Bakers"]
    assert lines(web.get("/admin/groups", {"q": "bak"})) == ["Bakers"]
    assert lines(web.get("/admin/groups", {"q": "%"})) == ["Actors 100%"]
    assert lines(web.get("/admin/groups?sort=nonsense&page=x")) == ["Actors 100%", "Bakers"]
    assert web.get("/admin/groups", {"q": "\x00"}).status_int == 200


def test_a_group_is_archived_and_brought_back_with_its_subgroups(web, admin, db, new_browser):
    ada = make.user(db)
    group = make.group(db, "Bakers", admin=ada)
    sub = make.group(db, "Night shift", admin=ada, parent_id=group.id)
    member = new_browser().sign_in(ada)
    web.send(f"/admin/groups/{group.id}/archive")
    assert group.archived_at is not None
    assert sub.archived_at == group.archived_at
    assert lines(web.get("/admin/groups")) == []
    assert member.get(f"/g/{group.key}", expect_errors=True).status_int == 404
    assert "Bring that back first" in told(web.send(f"/admin/groups/{sub.id}/unarchive"))
    web.send(f"/admin/groups/{group.id}/unarchive")
    assert (group.archived_at, sub.archived_at) == (None, None)
    assert member.get(f"/g/{group.key}").status_int == 200
    web.send(f"/admin/groups/{group.id}/unarchive", status=409)
    web.send("/admin/groups/999999999999/archive", status=404)


def test_a_groups_admin_is_no_administrator(ctx, db):
    ada = make.user(db)
    group = make.group(db, admin=ada)
    for act in (groups.archive, groups.unarchive):
        with pytest.raises(NotAllowed):
            act(ctx(ada), group)


def test_queries_do_not_grow_with_groups(web, admin, db, queries):
    counts = []
    for _round in range(2):
        for number in range(1 + 20 * _round):
            group = make.group(db, f"Group {_round} {number}", admin=make.user(db))
            make.discussion(db, group, author=admin)
        web.get("/admin/groups")
        with queries() as sent:
            web.get("/admin/groups")
        counts.append(sent.count)
    assert counts[0] == counts[1], str(sent)
