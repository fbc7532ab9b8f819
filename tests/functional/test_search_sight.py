"""Search shows nobody what they may not see: role by kind of document by state, through the page and the API."""

from __future__ import annotations

import pytest

from llmio.search import building
from tests import factories

KINDS = ("Discussion", "Comment", "Poll", "Stance", "Outcome")
ALL = set(KINDS)
THREAD = {"Discussion", "Comment"}
POLL = {"Poll", "Stance", "Outcome"}
NOT_VOTES = ALL - {"Stance"}
ROLES = (
    "member", "voter", "admin", "thread guest", "poll guest", "parent member", "former member", "invited", "site admin",
    "stranger",
)  # fmt: skip
NONE = dict.fromkeys(ROLES, frozenset())
INSIDE = dict.fromkeys(("member", "voter", "admin", "thread guest"), ALL)
USUAL = {**NONE, **INSIDE, "poll guest": POLL}

STATES = {
    "open": ({}, USUAL),
    "anonymous and open": ({"poll": {"anonymous": True}}, {role: seen - {"Stance"} for role, seen in USUAL.items()}),
    "anonymous and closed": ({"poll": {"anonymous": True, "closed_at": factories.now()}}, USUAL),
    "hidden until closed, open": (
        {"poll": {"hide_results": 2}},
        {role: seen - {"Stance"} for role, seen in USUAL.items()},
    ),
    "hidden until closed, closed": ({"poll": {"hide_results": 2, "closed_at": factories.now()}}, USUAL),
    "hidden until one has voted": (
        {"poll": {"hide_results": 1}},
        {role: seen if role == "voter" else seen - {"Stance"} for role, seen in USUAL.items()},
    ),
    "poll discarded": (
        {"poll": {"discarded_at": factories.now()}},
        {role: seen & THREAD for role, seen in USUAL.items()},
    ),
    "thread discarded": ({"thread": {"discarded_at": factories.now()}}, NONE),
    "comment discarded": (
        {"comment": {"discarded_at": factories.now()}},
        {role: seen - {"Comment"} for role, seen in USUAL.items()},
    ),
    "group archived": ({"group": {"archived_at": factories.now()}}, {**NONE, "poll guest": POLL}),
    "threads shown to the parent": (
        {"group": {"parent_members_can_see_discussions": True}},
        {**USUAL, "parent member": THREAD},
    ),
}


@pytest.fixture
def place(make):
    """`place(state)`: records with the word zebra in a subgroup, and people in every role."""

    def made(how):
        author = make.user(name="Zo Author")
        parent = make.group(admin=author, name="Parent")
        group = make.group(admin=author, name="Secret", parent_id=parent.id, **how.get("group", {}))
        thread = make.discussion(group, author=author, title="zebra thread", **how.get("thread", {}))
        make.comment(thread, author=author, body="zebra comment", **how.get("comment", {}))
        poll = make.poll(discussion=thread, author=author, title="zebra poll", **how.get("poll", {}))
        people = {role: make.user(is_admin=role == "site admin") for role in ROLES}
        make.stance(poll, author, choices={"agree": 1}, reason="zebra reason")
        make.outcome(poll, author=author, statement="zebra outcome")
        for role in ("member", "voter", "admin"):
            make.membership(group, people[role], admin=role == "admin")
        make.stance(poll, people["voter"], choices={"agree": 1}, reason="fine")
        make.reader(thread, people["thread guest"], guest=True, inviter_id=author.id)
        make.stance(poll, people["poll guest"], guest=True)
        make.membership(parent, people["parent member"])
        make.membership(group, people["former member"], revoked_at=factories.now())
        make.membership(group, people["invited"], accepted_at=None)
        return people

    return made


@pytest.mark.parametrize(("how", "expected"), STATES.values(), ids=STATES)
def test_each_role_finds_what_it_may_see_and_nothing_else(place, app, commit, new_browser, how, expected):
    people = place(how)
    commit()
    list(building.build(app, restart=True))
    found = {}
    for role, person in people.items():
        browser = new_browser().sign_in(person)
        answer = browser.get("/api/v1/search", {"query": "zebra"}, headers={"Accept": "application/json"}).json
        found[role] = {one["searchable_type"] for one in answer["search_results"]}
        page = browser.get("/search", {"q": "zebra"})
        shown = {one.get_text(strip=True) for one in page.html.select("#results .row-title .pill")}
        assert len(shown) == len(found[role])
        for query, order in (("zebra", "oldest"), ("zebar", "newest")):  # a correction tells no more
            told = browser.get("/search", {"q": query, "order": order}).html.select("#results .pill")
            assert len(told) == len(found[role])
    assert found == {role: set(kinds) for role, kinds in expected.items()}


def test_what_became_hidden_is_not_shown_though_the_index_is_late(place, app, commit, new_browser, db, make):
    """The provider answers from its index; the core looks at the rows of today before it shows anything."""
    people = place({})
    commit()
    list(building.build(app, restart=True))
    from llmio.polls.models import Poll

    browser = new_browser().sign_in(people["member"])
    assert "zebra reason" in browser.get("/search?q=reason").html.get_text()
    (poll,) = db.query(Poll).filter(Poll.title == "zebra poll")
    poll.hide_results = 2
    commit()
    assert browser.get("/search?q=reason").html.select("#results li") == []


def test_an_anonymous_vote_names_nobody(place, app, commit, new_browser):
    people = place({"poll": {"anonymous": True, "closed_at": factories.now()}})
    commit()
    list(building.build(app, restart=True))
    browser = new_browser().sign_in(people["member"])
    answer = browser.get("/api/v1/search", {"query": "zebra", "type": "Stance"}).json
    assert [(one["author_id"], one["author_name"]) for one in answer["search_results"]] == [(None, None)]
    row = browser.get("/search?q=zebra&type=Stance").html.select_one("#results li").get_text()
    assert "Zo Author" not in row
    assert browser.get("/api/v1/search", {"query": "zo", "type": "Stance"}).json["search_results"] == []
