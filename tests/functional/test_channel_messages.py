"""What channels are told of polls, votes, outcomes and threads: as much as anyone may see, and no more."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest

from llmio.integrations.models import Chatbot
from llmio.integrations.service import EVENT_KINDS

HOOK = "https://chat.example.org/hooks/abc"


@pytest.fixture
def ada(make):
    return make.user(name="Ada King", username="ada", time_zone="Europe/Berlin")


@pytest.fixture
def ben(make):
    return make.user(name="Ben Oak", username="ben")


@pytest.fixture
def chi(make):
    return make.user(name="Chi Lu", username="chi")


@pytest.fixture
def group(make, ada, ben, chi):
    return make.group(admin=ada, members=[ben, chi], name="Weavers")


@pytest.fixture
def channel(db, group, ada):
    row = Chatbot(kind="webhook", name="#general", server=HOOK, webhook_kind="markdown", group_id=group.id)
    row.event_kinds, row.author_id = list(EVENT_KINDS), ada.id
    db.add(row)
    db.flush()
    return row


@pytest.fixture
def told(ctx, app, channel, http, run_jobs):
    """Publish an event of a kind and give what the channel got."""

    def made(kind, record, user, **how):
        before = len(http.posts)
        ctx(user).publish(app.kinds[kind], record, **how)
        run_jobs()
        (post,) = http.posts[before:]
        return json.loads(post.body)["text"]

    return made


def test_an_open_poll_has_a_link_for_each_option_a_deadline_and_who_is_waited_for(told, make, group, ada, ben, chi):
    poll = make.poll(group=group, title="Buy a *loom*?", details="It costs **900**.", voters=[ben, chi])
    poll.closing_at = datetime(2031, 1, 31, 17, 30, tzinfo=UTC)
    text = told("poll_created", poll, ada)
    assert r"Buy a \*loom\*?" in text
    assert "It costs **900**." in text
    assert "31 January 2031, 18:30 (Europe/Berlin)" in text
    for option in make.options_of(poll).values():
        assert f"poll_option_id={option.id})" in text
    assert "0 of 2 have voted" in text
    assert "Ben Oak (ben), Chi Lu (chi)" in text


def test_the_link_of_an_option_leads_to_the_ballot_with_that_option_picked(told, make, group, ada, ben, web):
    poll = make.poll(group=group, voters=[ben])
    text = told("poll_created", poll, ada)
    link = next(
        one for one in re.findall(r"\((http[^)]+)\)", text) if f"id={make.options_of(poll)['abstain'].id}" in one
    )
    page = web.sign_in(ben).get("/" + link.split("/", 3)[3]).maybe_follow()
    form = page.forms[f"poll-{poll.id}-ballot-form"]
    assert form["option"].value == str(make.options_of(poll)["abstain"].id)
    assert "Your vote counts" not in page
    form.submit().follow()
    assert make.options_of(poll)["abstain"].total_score == 1


@pytest.mark.parametrize("named", ["", "0", "999999999", "x", "1;2", "-1"])
def test_a_link_that_names_no_option_of_the_poll_picks_none(make, group, ben, web, named):
    poll = make.poll(group=group, voters=[ben])
    page = web.sign_in(ben).get(f"/p/{poll.key}?poll_option_id={named}").maybe_follow()
    assert page.forms[f"poll-{poll.id}-ballot-form"]["option"].value is None


def test_a_link_of_another_polls_option_picks_none(make, group, ben, web):
    poll, other = make.poll(group=group, voters=[ben]), make.poll(group=group, voters=[ben])
    page = web.sign_in(ben).get(f"/p/{poll.key}?poll_option_id={make.options_of(other)['agree'].id}").maybe_follow()
    assert page.forms[f"poll-{poll.id}-ballot-form"]["option"].value is None


def test_who_has_voted_may_change_by_a_link(make, group, ben, web):
    poll = make.poll(group=group)
    make.stance(poll, ben, choices={"agree": 1}, reason="Because")
    page = web.sign_in(ben).get(f"/p/{poll.key}?poll_option_id={make.options_of(poll)['disagree'].id}").maybe_follow()
    form = page.forms[f"poll-{poll.id}-ballot-form"]
    assert form["option"].value == str(make.options_of(poll)["disagree"].id)
    assert "Because" in form["reason"].value


def test_where_more_than_an_option_is_a_vote_there_is_one_link(told, make, group, ada, ben):
    fields = {"poll_type": "score", "poll_option_name_format": "plain", "max_score": 5}
    poll = make.poll(group=group, options=("tea", "coffee"), voters=[ben], **fields)
    text = told("poll_created", poll, ada)
    assert "[Vote now](" in text
    assert "poll_option_id" not in text


def test_results_are_a_table_with_bars(told, make, group, ada, ben, chi):
    poll = make.poll(group=group, closed_at=datetime.now(UTC))
    for voter in (ada, ben):
        make.stance(poll, voter, choices={"agree": 1})
    make.stance(poll, chi, choices={"disagree": 1})
    text = told("poll_closed_by_user", poll, ada)
    table = text.split("```")[1]
    assert re.search(r"│ Agree +│ █{10} │ +2 │ +67 % │", table)
    assert re.search(r"│ Disagree +│ █{5}░{5} │ +1 │ +33 % │", table)
    assert len({len(line) for line in table.strip().splitlines()}) == 1
    assert "3 of 3 have voted (100 %)" in text
    assert "Waiting for" not in text
    assert "Vote until" not in text


@pytest.mark.parametrize(("hide", "words"), [(1, "until you have voted"), (2, "until the poll closes")])
def test_hidden_results_stay_hidden_until_they_are_not(told, make, group, ada, ben, hide, words):
    poll = make.poll(group=group, hide_results=hide)
    stance = make.stance(poll, ben, choices={"disagree": 1}, reason="Too dear")
    for kind, record in (("poll_closing_soon", poll), ("stance_created", stance)):
        text = told(kind, record, ben)
        assert words in text
        assert "█" not in text
        assert "Too dear" not in text
        assert "67 %" not in text
    assert "Ben" not in text
    poll.closed_at = datetime.now(UTC)
    assert "█" in told("poll_expired", poll, ada)
    assert "Too dear" in told("stance_updated", stance, ben)


def test_an_anonymous_vote_names_nobody_ever(told, make, group, ada, ben):
    poll = make.poll(group=group, anonymous=True)
    stance = make.stance(poll, ben, choices={"disagree": 1}, reason="Too dear")
    make.stance(poll, ada)
    for closed in (None, datetime.now(UTC)):
        poll.closed_at = closed
        for kind, record in (("stance_created", stance), ("poll_closing_soon", poll)):
            text = told(kind, record, ben if record is stance else ada)
            assert "Ben" not in text
            assert "(ben)" not in text
            assert "Votes are anonymous" in text
            assert "Too dear" not in text


def test_a_vote_says_what_was_chosen_and_why(told, make, group, ben):
    poll = make.poll(group=group)
    stance = make.stance(poll, ben, choices={"disagree": 1}, reason="Too **dear**")
    text = told("stance_created", stance, ben)
    assert "Ben Oak voted" in text
    assert "**Choice:** Disagree" in text
    assert "Too **dear**" in text


def test_an_outcome_says_what_was_decided_and_when_it_is_looked_at_again(told, make, group, ada, ben):
    poll = make.poll(group=group, closed_at=datetime.now(UTC), details="The question.")
    make.stance(poll, ben, choices={"agree": 1})
    fields = {"statement": "We buy it.", "review_on": date(2031, 6, 1), "statement_format": "md"}
    outcome = make.outcome(poll, poll_option_id=make.options_of(poll)["agree"].id, **fields)
    text = told("outcome_created", outcome, ada)
    assert text.index("We buy it.") < text.index("The question.")
    assert "**Decided:** Agree" in text
    assert "1 June 2031" in text


def meeting(make, group, **fields):
    times = ("2031-01-31T17:30:00Z", "2031-02-01")
    return make.poll(group=group, poll_type="meeting", poll_option_name_format="iso8601", options=times, **fields)


def test_a_meeting_shows_who_can_come_when(told, make, group, ada, ben, chi):
    """Such polls come with the data of a reference site, whatever kinds of polls are installed."""
    poll = meeting(make, group, closed_at=datetime.now(UTC))
    make.stance(poll, ben, choices={"2031-01-31T17:30:00Z": 2, "2031-02-01": 1})
    make.stance(poll, chi, choices={"2031-01-31T17:30:00Z": 2})
    table = told("poll_expired", poll, ada).split("```")[1]
    assert "BO CL" in table
    assert re.search(r"31 January 2031, 18:30 \(Europe/Berlin\) +│ ██ ██ │ +2 / 2", table)
    assert re.search(r"1 February 2031 +│ ▒▒ ·· │ +0 / 2", table)


def test_a_grid_tells_nothing_while_results_are_hidden_and_no_initials_of_the_anonymous(told, make, group, ada, ben):
    hidden = meeting(make, group, hide_results=2)
    make.stance(hidden, ben, choices={"2031-02-01": 2})
    assert "██" not in told("poll_closing_soon", hidden, ada)
    anonymous = meeting(make, group, anonymous=True, closed_at=datetime.now(UTC))
    make.stance(anonymous, ben, choices={"2031-02-01": 2})
    assert "BO" not in told("poll_expired", anonymous, ada)


def test_a_draft_asks_for_no_votes(told, make, group, ada):
    text = told("poll_created", make.poll(group=group, closing_at=None), ada)
    assert "draft" in text
    assert "poll_option_id" not in text


def test_a_quorum_is_told(told, make, group, ada, ben, chi):
    poll = make.poll(group=group, voters=[ben, chi], quorum_pct=50)
    assert "50 % of those who may vote have to vote. Votes missing: 1." in told("poll_created", poll, ada)


def test_a_thread_says_who_is_waited_for_in_its_polls(told, make, group, ada, ben):
    thread = make.discussion(group, title="Looms", description="<p>See <a href='/d/abc'>this</a></p>")
    thread.description_format = "html"
    make.poll(discussion=thread, title="Buy one?", voters=[ben])
    make.poll(discussion=thread, title="Secretly?", voters=[ben], anonymous=True)
    text = told("new_discussion", thread, ada)
    assert "[this](http://localhost/d/abc)" in text
    assert "Waiting for votes in Buy one?:" in text
    assert "Secretly?" not in text


def test_files_are_links(told, make, group, ada):
    thread = make.discussion(group)
    files = [
        {"filename": "plan [2].pdf", "download_url": "/files/7/plan.pdf"},
        {"filename": "x", "download_url": "//e"},
    ]
    comment = make.comment(thread, author=ada, body="Here.", attachments=files)
    text = told("new_comment", comment, ada)
    assert r"[plan \[2\].pdf](http://localhost/files/7/plan.pdf)" in text
    assert "//e)" not in text


def test_a_notice_is_one_line_with_its_link(told, channel, make, group, ada, ben):
    channel.notification_only = True
    poll = make.poll(group=group, title="Buy?", details="Long words.", voters=[ben])
    text = told("poll_created", poll, ada)
    assert "Buy?" in text
    assert f"/p/{poll.key}" in text
    for left_out in ("Long words.", "poll_option_id", "Ben", "Vote until"):
        assert left_out not in text


def test_nobodys_words_call_a_whole_channel(told, make, group, ada):
    thread = make.discussion(group, title="Hi @channel", description="@all look, @here and <@everyone>, @ada too")
    text = told("new_discussion", thread, ada)
    assert not re.search(r"@(channel|all|here|everyone)", text)
    assert "@ada" in text


def test_code_that_ends_code_leaves_no_table_open(told, make, group, ada, ben):
    options = {
        "poll_type": "poll",
        "poll_option_name_format": "plain",
        "options": ("@channel [x](https://bad.example)", "no"),
    }
    poll = make.poll(group=group, details="<pre><code>a\n```\nb</code></pre>", details_format="html", **options)
    make.stance(poll, ben, choices={"no": 1})
    text = told("poll_created", poll, ada)
    fences = [line for line in text.splitlines() if line.startswith("```")]
    assert len(fences) == 4, text
    assert "@channel" not in text
    assert "[x](" in text.split("```")[3]  # within the table


def test_the_channel_speaks_the_language_of_who_connected_it(told, channel, make, group, db):
    author = make.user(selected_locale="de", time_zone="Asia/Tokyo")
    channel.author_id = author.id
    poll = make.poll(group=group, closing_at=datetime(2031, 1, 31, 17, 30, tzinfo=UTC))
    assert "1. Februar 2031, 02:30 (Asia/Tokyo)" in told("poll_created", poll, author)


def test_messages_cost_the_same_for_many_voters(ctx, app, channel, http, run_jobs, make, group, ada, queries):
    def cost(voters):
        poll = make.poll(group=group, closing_at=datetime.now(UTC) + timedelta(days=1))
        for _one in range(voters):
            make.stance(poll, make.user(), choices={"agree": 1})
            make.stance(poll, make.user())
        ctx(ada).publish(app.kinds["poll_closing_soon"], poll)
        with queries() as sent:
            run_jobs()
        return sent.count

    cost(1)
    assert cost(1) == cost(6)
