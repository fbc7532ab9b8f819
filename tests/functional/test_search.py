"""Search: what is found, by whom, and how it is shown."""

from __future__ import annotations

import pytest

from llmio.discussions import service as discussions
from llmio.search import building
from tests import factories


@pytest.fixture
def ada(make):
    return make.user(name="Ada King")


@pytest.fixture
def group(make, ada):
    return make.group(admin=ada, name="Weavers")


@pytest.fixture
def indexed(app, commit):
    """Build the index of what was made."""

    def build():
        commit()
        return list(building.build(app, restart=True))

    return build


def titles(page):
    return sorted(one.get_text().strip() for one in page.html.select("#results .row-title a"))


def kinds(page):
    return sorted(one.get_text(strip=True) for one in page.html.select("#results .row-title .pill"))


def test_all_five_kinds_are_found(web, make, ada, group, indexed):
    thread = make.discussion(group, author=ada, title="Zebra thread")
    make.comment(thread, user=ada, body="a zebra comment")
    poll = make.poll(discussion=thread, author=ada, title="Zebra poll")
    make.stance(poll, ada, choices={"agree": 1}, reason="zebra reason")
    closed = make.poll(discussion=thread, author=ada, title="Something else")
    make.outcome(closed, author=ada, statement="zebra outcome")
    indexed()
    page = web.sign_in(ada).get("/search?q=zebra")
    assert kinds(page) == ["Comment", "Outcome", "Poll", "Thread", "Vote"]


@pytest.mark.parametrize("zone", ["Europe", "Mars/Olympus", "/etc/passwd", ""])
def test_days_are_those_of_utc_for_who_has_no_zone_that_there_is(web, make, ada, group, indexed, zone):
    """A database of elsewhere may hold anything: the name of a folder of zones, too."""
    ada.time_zone = zone
    make.discussion(group, author=ada, title="Zebra thread")
    indexed()
    page = web.sign_in(ada).get("/search?q=zebra&since=2000-01-01")
    assert titles(page) == ["Zebra thread"]


@pytest.mark.parametrize("query", ["cafe", "café", "CAFE", "muller"])
def test_accents_are_no_hindrance(web, make, ada, group, indexed, query):
    make.discussion(group, author=ada, title="Le Café de Frau Müller")
    make.discussion(group, author=ada, title="A cafe of Mr Muller")
    make.discussion(group, author=ada, title="A caff of Mr Mull")
    indexed()
    page = web.sign_in(ada).get("/search", params={"q": query})
    assert titles(page) == ["A cafe of Mr Muller", "Le Café de Frau Müller"]
    marked = {one.get_text().lower() for one in page.html.select("#results mark")}
    assert marked == ({"muller", "müller"} if query == "muller" else {"cafe", "café"})


@pytest.mark.parametrize(
    ("query", "found"),
    [("loom", ["Loom"]), ("Loo", ["Loom"]), ("loom !blue", []), ("blue loom", ["Loom"]), ("oom", [])],
)
def test_words_beginnings_and_exclusions(web, make, ada, group, indexed, query, found):
    make.discussion(group, author=ada, title="Loom", description="A blue one.")
    make.discussion(group, author=ada, title="Bread", description="With salt.")
    indexed()
    assert titles(web.sign_in(ada).get("/search", {"q": query})) == found


def test_found_words_are_marked_and_nothing_else_is_markup(web, make, ada, group, indexed):
    make.discussion(group, author=ada, title="Plain", description="<b>fat</b> zebra <img src=x onerror=alert(1)> & co")
    indexed()
    page = web.sign_in(ada).get("/search?q=zebra")
    assert "<mark>zebra</mark>" in page
    assert page.html.select("#results img, #results b, #results script") == []


def test_strangers_find_nothing_of_a_group(web, make, ada, group, indexed):
    make.discussion(group, author=ada, title="Zebra secret")
    indexed()
    web.sign_in(make.user())
    assert titles(web.get("/search?q=zebra")) == []
    assert titles(web.get(f"/search?q=zebra&group_id={group.id}")) == []
    member = make.user()
    make.membership(group, member)
    assert titles(web.sign_in(member).get("/search?q=zebra")) == ["Zebra secret"]


def test_a_guest_finds_the_thread_and_no_other(web, make, ada, group, indexed):
    guest = make.user()
    thread = make.discussion(group, author=ada, title="Zebra here")
    make.discussion(group, author=ada, title="Zebra there")
    make.reader(thread, guest, guest=True, inviter_id=ada.id)
    indexed()
    assert titles(web.sign_in(guest).get("/search?q=zebra")) == ["Zebra here"]


def test_someone_who_left_finds_nothing_more(web, make, ada, group, indexed):
    member = make.user()
    make.membership(group, member, revoked_at=factories.now())
    make.discussion(group, author=ada, title="Zebra secret")
    indexed()
    assert titles(web.sign_in(member).get("/search?q=zebra")) == []


def test_hidden_votes_are_no_back_door(web, make, ada, group, indexed):
    """Reasons of a poll that hides its results, or keeps names away, are not found while it runs."""
    other = make.user(name="Ben Okri")
    make.membership(group, other)
    for fields in ({"hide_results": 2}, {"hide_results": 1}, {"anonymous": True}):
        poll = make.poll(group=group, author=ada, title="A quiet poll", **fields)
        make.stance(poll, other, choices={"agree": 1}, reason="zebra reason")
    indexed()
    web.sign_in(ada)
    assert titles(web.get("/search?q=zebra")) == []
    assert titles(web.get("/search?q=okri&type=Stance")) == []


def test_a_new_thread_is_found_once_its_jobs_have_run_and_a_discarded_one_is_not(web, ctx, ada, group, run_jobs):
    thread = discussions.start_discussion(ctx(ada), group, title="Zebra crossing", description="Words.")
    run_jobs()
    web.sign_in(ada)
    assert titles(web.get("/search?q=zebra")) == ["Zebra crossing"]
    discussions.discard_discussion(ctx(ada), thread)
    run_jobs()
    assert titles(web.get("/search?q=zebra")) == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("q=-zebra", "only what must not be there"),
        ("q=%25", "Nothing found"),
        ("q=()", "Nothing found"),
        ("q=lion", "Nothing found"),
        ("q=zebra&offset=20", "Nothing more"),
        ("type=Comment", "Add a word"),
        ("", "Find what was said"),
    ],
)
def test_where_nothing_is_shown_the_page_says_why(web, make, ada, group, indexed, asked, said):
    make.discussion(group, author=ada, title="Zebra")
    indexed()
    page = web.sign_in(ada).get(f"/search?{asked}")
    assert said in page.html.select_one("#search-results").get_text()
    again = [one["href"] for one in page.html.select("#search-results a")]
    assert again == (["/search?q=zebra"] if "offset" in asked else [])


def test_while_one_types_the_results_come_alone(web, make, ada, group, indexed):
    make.discussion(group, author=ada, title="Zebra")
    indexed()
    page = web.sign_in(ada).get("/search?q=zebra", headers={"Turbo-Frame": "search-results"})
    assert titles(page) == ["Zebra"]
    assert [one.name for one in page.html.find_all(recursive=False)] == ["turbo-frame"]
    wrong = web.get("/search?q=zebra&since=never", headers={"Turbo-Frame": "search-results"}, status=422)
    assert "This is no date" in wrong


def test_filters_and_pages(web, make, ada, group, indexed):
    elsewhere = make.group(admin=ada, name="Bakers")
    for number in range(22):
        make.discussion(group, author=ada, title=f"Zebra {number:02}")
    make.discussion(elsewhere, author=ada, title="Zebra bread")
    indexed()
    web.sign_in(ada)
    assert titles(web.get(f"/search?q=zebra&group_id={elsewhere.id}")) == ["Zebra bread"]
    assert titles(web.get("/search?q=zebra&type=Poll")) == []
    first = web.get(f"/search?q=zebra&group_id={group.id}&order=oldest")
    second = first.click("More results")
    assert len(titles(first)) == 20
    assert len({*titles(first), *titles(second)}) == 22
    assert "More results" not in second


@pytest.mark.parametrize(
    "query",
    ["q=%27%29%3B", "q=%00", "q=!", "q=zebra&offset=-1", "q=zebra&offset=x", "q=zebra&group_id=1e9", "q=" + "x" * 5000],
)
def test_strange_queries_find_nothing_and_break_nothing(web, ada, group, query):
    assert titles(web.sign_in(ada).get(f"/search?{query}")) == []


@pytest.mark.parametrize(
    ("dates", "status", "said"),
    [
        ("since=2026-02-30", 422, "This is no date"),
        ("since=2026-03-02&until=2026-03-01", 422, "The search ends before it begins."),
        ("since=2026-03-01&until=2026-03-01", 200, ""),
        ("until=9999-12-31", 200, "Zebra"),
        ("since=9999-12-31", 200, "Nothing found"),
    ],
)
def test_dates_that_cannot_be_meant_are_told(web, make, ada, group, indexed, dates, status, said):
    ada.time_zone = "America/New_York"
    make.discussion(group, author=ada, title="Zebra")
    indexed()
    page = web.sign_in(ada).get(f"/search?q=zebra&{dates}", status=status)
    assert said in page.html.select_one("#search-results").get_text()


@pytest.mark.parametrize("asked", ["type=zebra", "where=zebra", "where=group-x"])
def test_what_is_none_of_the_choices_is_told_rather_than_left_out(web, make, ada, group, indexed, asked):
    make.discussion(group, author=ada, title="Zebra")
    indexed()
    page = web.sign_in(ada).get(f"/search?q=zebra&{asked}", status=422)
    assert "Please choose one of the options." in page
    assert titles(page) == []


def test_one_must_be_signed_in(web):
    assert web.get("/search?q=x", expect_errors=True).status_int in (303, 403)


def test_queries_do_not_grow_with_results(web, make, ada, group, indexed, queries):
    web.sign_in(ada)

    def cost(count):
        for number in range(count):
            thread = make.discussion(group, author=make.user(), title=f"Zebra {number}")
            make.comment(thread, user=make.user(), body="zebra")
        indexed()
        with queries() as sent:
            assert "<mark>" in web.get("/search?q=zebra")
        return sent.count

    few = cost(2)
    assert cost(2) == few
    assert cost(15) <= few  # a full page asks for no other forms of the words
