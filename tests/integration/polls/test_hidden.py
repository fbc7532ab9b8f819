"""Results that may not be seen, and names of anonymous voters, are nowhere: not in pages, streams, JSON, exports, threads."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import select, text

from llmio.core.errors import NotAllowed
from llmio.core.tables import Event
from llmio.polls import cards, export, queries, service, timeline
from llmio.polls.models import Outcome, Stance
from llmio.polls.results import as_rows, results_visible
from llmio.polls.values import HideResults

REASON = "Zinnwaldite is my reason"


@pytest.fixture
def people(make):
    """Ada leads, Ben has voted, Chi has not."""
    return [make.user(name) for name in ("Ada Aalto", "Ben Brecht", "Chi Cheng")]


@pytest.fixture
def group(make, people):
    return make.group(admin=people[0], members=people[1:])


@pytest.fixture
def discussion(make, group):
    return make.discussion(group)


@pytest.fixture
def voted(start, vote, people, discussion):
    """`voted(hide_results=…)`: a poll of the thread in which Ben has voted, for Disagree, with a reason."""

    def made(**values):
        poll = start(people[0], discussion=discussion, **values)
        vote(people[1], poll, "Disagree", reason=REASON)
        return poll

    return made


@pytest.mark.parametrize(
    ("hide", "who", "closed", "shown"),
    [
        (HideResults.OFF, "nobody", False, True),
        (HideResults.OFF, "waiting", False, True),
        (HideResults.UNTIL_VOTE, "nobody", False, False),
        (HideResults.UNTIL_VOTE, "waiting", False, False),
        (HideResults.UNTIL_VOTE, "author", False, False),
        (HideResults.UNTIL_VOTE, "voter", False, True),
        (HideResults.UNTIL_VOTE, "waiting", True, True),
        (HideResults.UNTIL_CLOSED, "voter", False, False),
        (HideResults.UNTIL_CLOSED, "author", False, False),
        (HideResults.UNTIL_CLOSED, "nobody", True, True),
    ],
)
def test_results_are_shown_when_the_author_said(ctx, people, voted, hide, who, closed, shown):
    poll = voted(hide_results=hide)
    if closed:
        service.close_poll(ctx(people[0]), poll)
    actor = {"nobody": None, "author": people[0], "voter": people[1], "waiting": people[2]}[who]
    assert results_visible(ctx(actor), poll) is shown


def test_nobody_sees_results_of_a_discarded_poll(ctx, people, voted):
    poll = voted()
    service.discard_poll(ctx(people[0]), poll)
    assert not results_visible(ctx(people[1]), poll)


def everything_shown(web, poll, discussion):
    """All that a browser gets of a poll, in one text."""
    stream = {"Accept": "text/vnd.turbo-stream.html"}
    pages = [
        web.get(cards.path_of(poll)),
        web.get(f"/p/{poll.key}/card", headers=stream),
        web.get(f"/p/{poll.key}/votes?offset=0"),
        web.get(f"/p/{poll.key}/receipts"),
        web.get("/dashboard"),
        web.get(f"/g/{poll.group.key}"),
        web.get(f"/d/{discussion.key}/{discussion.title}"),
        web.get(f"/d/{discussion.key}/{discussion.title}?all=1"),
    ]
    return "\n".join(page.maybe_follow().text for page in pages)


@pytest.mark.parametrize("hide", [HideResults.UNTIL_VOTE, HideResults.UNTIL_CLOSED])
def test_hidden_results_are_on_no_page(web, people, voted, discussion, hide):
    poll = voted(hide_results=hide)
    web.sign_in(people[2])
    seen = everything_shown(web, poll, discussion)
    assert poll.title in seen
    assert REASON not in seen
    assert 'class="chart' not in seen
    assert "bar-fill" not in seen
    assert "ring-slice" not in seen
    assert "stacked-bar" not in seen
    web.get(f"/p/{poll.key}/export.csv", status=403)
    assert "1 of 3" in seen, "how many take part is no secret"


def test_the_same_pages_show_results_that_may_be_seen(web, people, voted, discussion):
    poll = voted()
    web.sign_in(people[2])
    seen = everything_shown(web, poll, discussion)
    assert REASON in seen
    assert "ring-slice" in seen
    assert "stacked-bar" in seen


@pytest.mark.parametrize("closed", [False, True])
def test_an_anonymous_vote_is_nowhere_tied_to_its_voter(web, ctx, people, voted, discussion, closed, db):
    poll = voted(anonymous=True)
    if closed:
        service.close_poll(ctx(people[0]), poll)
    web.sign_in(people[2])
    for page in (cards.path_of(poll), f"/d/{discussion.key}/x?all=1", f"/p/{poll.key}/votes?offset=0"):
        html = web.get(page).maybe_follow().html
        shown = (html.find("main") or html).get_text(" ")
        assert REASON in shown
        assert "Anonymous" in shown
        assert "Ben Brecht" not in shown
        assert f"/u/{people[1].username}" not in str(html.find("main") or html)
    table = web.get(f"/p/{poll.key}/export.csv").text
    assert REASON in table
    assert "Ben Brecht" not in table
    rows = as_rows(poll, cards.one(ctx(people[2]), queries.get(ctx(), poll.id)).result)
    assert all(row["voter_scores"] == {} and row["voter_ids"] == [] for row in rows)
    assert "Ben" not in json.dumps(rows)


def test_an_open_anonymous_poll_does_not_tell_who_has_voted(web, people, voted, ctx):
    poll = voted(anonymous=True)
    web.sign_in(people[0])
    assert web.get(cards.path_of(poll)).html.find(id="undecided") is None
    assert "Voted" not in web.get(f"/p/{poll.key}/receipts").html.find("table").text
    assert "Ben Brecht" not in web.get(f"/p/{poll.key}/remind").html.find("main").text
    assert all(receipt.vote_cast is None for receipt in export.receipts(ctx(people[0]), poll))


def test_receipts_of_a_closed_anonymous_poll_tell_who_took_part_and_not_how(ctx, people, voted, db):
    poll = voted(anonymous=True)
    service.close_poll(ctx(people[0]), poll)
    told = {receipt.name: receipt.vote_cast for receipt in export.receipts(ctx(people[0]), poll)}
    assert told == {"Ada Aalto": False, "Ben Brecht": True, "Chi Cheng": False}
    rows = db.execute(select(Stance.participant_id, Stance.token, Stance.inviter_id)).all()
    assert set(rows) == {(None, None, None)}


def test_ids_of_anonymous_votes_do_not_follow_the_members(ctx, make, start):
    founder = make.user()
    members = [make.user() for _ in range(30)]
    poll = start(founder, group=make.group(admin=founder, members=members), anonymous=True)
    order = [stance.participant_id for stance in sorted(queries.voters(ctx(), poll), key=lambda one: one.id)]
    assert order != sorted(order)


def test_addresses_are_whole_for_admins_alone(ctx, people, voted):
    poll = voted()
    assert {one.email for one in export.receipts(ctx(people[0]), poll)} == {person.email for person in people}
    assert {one.email for one in export.receipts(ctx(people[2]), poll)} == {"example.org"}


def test_a_strangers_context_gets_no_item_of_the_thread(ctx, make, voted, db):
    poll = voted()
    service.publish_outcome(ctx(poll.author), _closed(ctx, poll), statement="Done.")
    stranger = ctx(make.user())
    ids = list(db.scalars(select(Stance.id)))
    assert timeline.load_stances(stranger, ids) == {}
    assert timeline.load_polls(stranger, [poll.id]) == {}
    assert timeline.load_outcomes(stranger, list(db.scalars(select(Outcome.id)))) == {}


def _closed(ctx, poll):
    return service.close_poll(ctx(poll.author), poll)


def test_votes_kept_until_the_end_come_into_the_thread_with_the_closing(ctx, people, voted, discussion, db):
    poll = voted(hide_results=HideResults.UNTIL_CLOSED)
    before = discussion.items_count
    service.close_poll(ctx(people[0]), poll)
    event = db.scalars(select(Event).where(Event.kind == "stance_created")).one()
    assert event.discussion_id == discussion.id
    assert event.sequence_id
    db.refresh(discussion)
    assert discussion.items_count == before + 2


def test_a_spreadsheet_takes_no_text_for_a_formula(ctx, people, start, vote, group):
    poll = start(people[0], group=group, title="=cmd()")
    vote(people[1], poll, reason="=HYPERLINK(1)")
    table = export.as_csv(ctx(people[1]), poll)
    assert not re.search(r'(^|,|")=', table, re.MULTILINE)
    assert "'=cmd()" in table


def test_who_may_not_see_results_may_not_export(ctx, people, voted):
    poll = voted(hide_results=HideResults.UNTIL_CLOSED)
    with pytest.raises(NotAllowed):
        export.as_csv(ctx(people[1]), poll)


def test_no_event_of_an_anonymous_poll_names_a_voter(people, voted, db, ctx):
    poll = voted(anonymous=True)
    told = db.execute(text("SELECT user_id, custom_fields::text FROM events WHERE eventable_type = 'Stance'")).all()
    assert told
    assert all(row[0] is None and str(people[1].id) not in row[1] for row in told)
    assert poll.anonymous
