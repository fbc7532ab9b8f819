"""A group decides: start, vote, change, see, close, conclude; through the door, without scripts."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from llmio.plugins.polls import Ballot
from llmio.polls import cards, service
from llmio.polls.models import Outcome, Poll, PollOption, Stance, StanceChoice


def poll_of(db):
    return db.scalars(select(Poll).order_by(Poll.id.desc()).limit(1)).one()


def form_of(page):
    """The form that the page is about: the one with a button that sends it."""
    main = page.html.find("main")
    found = main.find("form", class_="form")
    return next(
        form
        for form in page.forms.values()
        if form.action == found["action"] and "csrf_token" in form.fields and len(form.fields) > 2
    )


def option(db, name):
    return db.scalars(select(PollOption).where(PollOption.name == name).order_by(PollOption.id.desc()).limit(1)).one()


def test_a_proposal_from_the_first_click_to_the_outcome(sign_in, group, ada, ben, db, new_browser):
    web = sign_in(ada)
    types = web.get(f"/p/new?group_id={group.id}")
    page = types.click("^Proposal$")
    form = form_of(page)
    form["title"] = "Buy a second loom?"
    form["details"] = "It costs **900**."
    assert form["option-0-name"].value == "Agree"
    shown = form.submit().follow()
    assert "Buy a second loom?" in shown
    assert "<strong>900</strong>" in shown
    poll = poll_of(db)
    assert (poll.group_id, poll.voters_count, poll.author_id) == (group.id, 2, ada.id)

    other = new_browser().sign_in(ben)
    ballot = other.get(f"/p/{poll.key}").follow().forms[f"poll-{poll.id}-ballot-form"]
    ballot["option"] = str(option(db, "Agree").id)
    ballot["reason"] = "We need it."
    voted = ballot.submit().follow()
    assert "Your vote counts" in voted
    assert "We need it." in voted
    assert "Ben Okri" in web.get(f"/p/{poll.key}").follow()

    web.send(f"/p/{poll.key}/close")
    outcome = form_of(web.get(f"/p/{poll.key}/outcome"))
    outcome["statement"] = "We buy it in May."
    assert "We buy it in May." in outcome.submit().follow()
    assert db.scalars(select(Outcome)).one().latest


def test_who_has_not_voted_is_named_and_reminded(sign_in, start, group, ada, ben, run_jobs):
    poll = start(ada, group=group)
    web = sign_in(ada)
    page = web.get(f"/p/{poll.key}").follow()
    assert "Ben Okri" in page.html.find(id="undecided").text
    form = form_of(web.get(f"/p/{poll.key}/remind"))
    form["message"] = "Please vote by Friday."
    assert "reminded" in form.submit().follow()


def test_a_refused_ballot_comes_back_as_filled(sign_in, start, group, ada, db):
    poll = start(ada, group=group, stance_reason_required=2)
    web = sign_in(ada)
    disagree = option(db, "Disagree")
    answer = web.send(f"/p/{poll.key}/vote", {"option": disagree.id, "reason": "no", "reason_format": "md"}, status=422)
    chosen = answer.html.find("input", {"name": "option", "value": str(disagree.id)})
    assert chosen.has_attr("checked")
    assert "Please give a reason" in answer
    assert answer.html.find("textarea", {"name": "reason"}).text.strip() == "no"
    assert db.scalar(select(Stance.cast_at).where(Stance.participant_id == ada.id)) is None


def test_an_empty_ballot_is_refused_with_words(sign_in, start, group, ada):
    poll = start(ada, group=group)
    answer = sign_in(ada).send(f"/p/{poll.key}/vote", {"reason": ""}, status=422)
    assert "Please choose an option." in answer


def test_a_vote_by_script_answers_with_a_stream(sign_in, start, group, ada, db):
    poll = start(ada, group=group)
    web = sign_in(ada)
    waiting = web.get(f"/p/{poll.key}").follow().html.find(id=f"poll-{poll.id}-undecided").get_text()
    assert "Ada Lovelace" in waiting
    accept = {"Accept": "text/vnd.turbo-stream.html, text/html"}
    answer = web.send(f"/p/{poll.key}/vote", {"option": option(db, "Agree").id}, headers=accept)
    assert answer.content_type == "text/vnd.turbo-stream.html"
    assert f'target="poll-{poll.id}-vote"' in answer
    assert f'target="poll-{poll.id}-results"' in answer
    assert "Your vote counts." in answer
    assert "100 %" in answer
    beside = str(answer.html.find("turbo-stream", target=f"poll-{poll.id}-undecided"))
    assert ("Ben Okri" in beside, "Ada Lovelace" in beside) == (True, False)
    refused = web.send(f"/p/{poll.key}/vote", {"option": "999999"}, headers=accept, status=422)
    assert f'target="poll-{poll.id}-vote"' in refused
    assert "no longer part" in refused


def test_a_choice_takes_as_many_as_it_says(sign_in, start, group, ada, db):
    poll = start(
        ada,
        "poll",
        ("Tea", "Coffee", "Juice"),
        group=group,
        settings={"minimum_stance_choices": 1, "maximum_stance_choices": 2, "show_none_of_the_above": True},
    )
    web = sign_in(ada)
    ids = [option(db, name).id for name in ("Tea", "Coffee", "Juice")]
    web.send(f"/p/{poll.key}/vote", {f"choice_{one}": 1 for one in ids}, status=422).mustcontain("at most 2")
    web.send(f"/p/{poll.key}/vote", {f"choice_{one}": 1 for one in ids[:2]}, status=303)
    web.send(f"/p/{poll.key}/vote", {"none_of_the_above": 1}, status=303)
    stance = db.scalars(select(Stance).where(Stance.participant_id == ada.id)).one()
    assert stance.none_of_the_above
    assert stance.option_scores == {}
    page = web.get(f"/p/{poll.key}").follow()
    assert "None of the above" in page
    db.refresh(poll)
    assert (poll.none_of_the_above_count, poll.stance_counts) == (1, [0, 0, 0])


def test_a_score_poll_adds_ratings(sign_in, start, group, ada, ben, db, new_browser):
    poll = start(ada, "score", ("Hall", "Park"), group=group, settings={"min_score": 0, "max_score": 10})
    hall, park = option(db, "Hall").id, option(db, "Park").id
    web = sign_in(ada)
    web.send(f"/p/{poll.key}/vote", {f"score_{hall}": 7, f"score_{park}": 11}, status=422).mustcontain("from 0 to 10")
    web.send(f"/p/{poll.key}/vote", {f"score_{hall}": "many"}, status=422)
    web.send(f"/p/{poll.key}/vote", {f"score_{hall}": 7, f"score_{park}": 4})
    new_browser().sign_in(ben).send(f"/p/{poll.key}/vote", {f"score_{hall}": 2, f"score_{park}": 9})
    rows = web.get(f"/p/{poll.key}").follow().html.find("table", class_="chart").find("tbody").find_all("tr")
    said = [[cell.text.strip() for cell in row.find_all("td")] for row in rows]
    assert said[:2] == [["13", "6.5", "2"], ["9", "4.5", "2"]]


def test_what_is_not_rated_gets_no_zero(sign_in, start, group, ada, db):
    poll = start(ada, "score", ("Hall", "Park"), group=group)
    form = sign_in(ada).get(f"/p/{poll.key}").follow().forms[f"poll-{poll.id}-ballot-form"]
    refused = form.submit(status=422)
    assert "Please rate at least one option." in refused
    form = refused.forms[f"poll-{poll.id}-ballot-form"]
    form[f"score_{option(db, 'Hall').id}"] = "0"
    page = form.submit().follow()
    stance = db.scalars(select(Stance).where(Stance.cast_at.is_not(None))).one()
    assert stance.option_scores == {str(option(db, "Hall").id): 0}
    assert db.scalars(select(StanceChoice.score)).all() == [0]
    voters = {one.name: one.voter_count for one in db.scalars(select(PollOption))}
    assert voters == {"Hall": 1, "Park": 0}
    assert page.forms[f"poll-{poll.id}-ballot-form"][f"score_{option(db, 'Park').id}"].value == ""


def test_options_are_added_moved_and_removed_without_scripts(sign_in, group, ada, db):
    web = sign_in(ada)
    form = form_of(web.get(f"/p/new?group_id={group.id}&poll_type=poll"))
    form["title"] = "Which?"
    form["option-0-name"], form["option-1-name"] = "One", "Two"
    form = form_of(form.submit("change", value="add", status=422))
    form["option-3-name"] = "Three"
    form = form_of(form.submit("change", value="up:1", status=422))
    assert [form[f"option-{n}-name"].value for n in range(4)] == ["Two", "One", "", "Three"]
    assert form["title"].value == "Which?"
    form = form_of(form.submit("change", value="remove:1", status=422))
    form.submit().follow()
    assert [one.name for one in db.scalars(select(PollOption).order_by(PollOption.priority))] == ["Two", "Three"]


def test_a_form_with_faults_comes_back_with_all_of_them(sign_in, group, ada, db):
    web = sign_in(ada)
    form = form_of(web.get(f"/p/new?group_id={group.id}&poll_type=score"))
    form["closing_at"] = "2020-01-01T10:00"
    form["option-0-name"] = "Only"
    answer = form.submit(status=422)
    assert "say what this is about" in answer
    assert "time in the future" in answer
    form = form_of(answer)
    assert form["option-0-name"].value == "Only"
    form["title"], form["closing_at"], form["max_score"] = "Rate", "2090-01-01T10:00", "0"
    form.submit(status=422).mustcontain("must be more than the lowest rating")
    assert db.scalars(select(Poll)).all() == []


@pytest.mark.parametrize("poll_type", ["proposal", "poll", "score"])
def test_every_kind_can_be_edited_while_open(sign_in, start, group, ada, db, poll_type):
    poll = start(ada, poll_type, ("Agree", "Disagree"), group=group)
    web = sign_in(ada)
    web.send(f"/p/{poll.key}/vote", {"option": option(db, "Agree").id, f"score_{option(db, 'Agree').id}": 3})
    form = form_of(web.get(f"/p/{poll.key}/edit"))
    form["title"] = "Clearer now?"
    form["option-1-name"] = "Strongly disagree"
    assert "Clearer now?" in form.submit().follow()
    db.refresh(poll)
    assert poll.stance_counts[0] > 0
    assert poll.versions_count == 1


def test_an_option_taken_away_leaves_the_votes_for_the_others(sign_in, start, group, ada, db):
    poll = start(ada, "poll", ("Tea", "Coffee"), group=group, settings={"maximum_stance_choices": 2})
    web = sign_in(ada)
    tea, coffee = option(db, "Tea").id, option(db, "Coffee").id
    web.send(f"/p/{poll.key}/vote", {f"choice_{tea}": 1, f"choice_{coffee}": 1})
    form = form_of(web.get(f"/p/{poll.key}/edit"))
    form = form_of(form.submit("change", value="remove:0", status=422))
    form.submit().follow()
    assert db.scalars(select(Stance).where(Stance.participant_id == ada.id)).one().option_scores == {str(coffee): 1}
    db.refresh(poll)
    assert poll.stance_counts == [1]


def test_settings_that_votes_do_not_fit_are_refused_at_their_field(sign_in, start, group, ada, db):
    poll = start(ada, "score", ("Tea", "Coffee"), group=group, settings={"min_score": 0, "max_score": 5})
    web = sign_in(ada)
    assert "voted already" not in web.get(f"/p/{poll.key}/edit")
    web.send(f"/p/{poll.key}/vote", {f"score_{option(db, 'Tea').id}": 5})
    page = web.get(f"/p/{poll.key}/edit")
    assert "People have voted already." in page
    form = form_of(page)
    form["max_score"] = "3"
    refused = form.submit(status=422)
    assert "1 vote that was cast" in refused.html.find(id="field-max_score-error").text
    form["max_score"] = "9"
    form.submit(status=303)
    db.refresh(poll)
    assert poll.max_score == 9


def test_a_closed_poll_asks_who_leads_it_for_an_outcome(sign_in, start, group, ada, ben):
    poll = start(ada, group=group)
    group.members_can_edit_discussions = False
    web = sign_in(ada)
    ask = {"class": "btn", "href": f"/p/{poll.key}/outcome"}
    assert web.get(f"/p/{poll.key}").follow().html.find("a", ask) is None
    web.send(f"/p/{poll.key}/close")
    assert web.get(f"/p/{poll.key}").follow().html.find("a", ask) is not None
    sign_in(ben)
    assert web.get(f"/p/{poll.key}").follow().html.find("a", ask) is None


def test_what_was_promised_to_voters_cannot_be_taken_back(sign_in, start, group, ada):
    poll = start(ada, group=group, anonymous=True, hide_results=2)
    form = form_of(sign_in(ada).get(f"/p/{poll.key}/edit"))
    form["anonymous"] = False
    form["hide_results"] = "0"
    answer = form.submit(status=422)
    assert "stay anonymous" in answer
    assert "hidden until the end" in answer


def test_only_those_who_may_see_a_poll_do(web, make, start, group, ada):
    poll = start(ada, group=group)
    assert "/sign_in" in web.get(f"/p/{poll.key}", status=303).location
    web.sign_in(make.user())
    web.get(f"/p/{poll.key}", status=404)
    web.get("/p/nosuchkey", status=404)
    web.send(f"/p/{poll.key}/vote", {}, status=404)


def test_a_member_may_not_lead_anothers_poll(sign_in, start, group, ada, ben):
    poll = start(ada, group=group)
    web = sign_in(ben)
    for act in ("close", "discard"):
        web.send(f"/p/{poll.key}/{act}", status=403)
    for page in ("edit", "voters"):
        web.get(f"/p/{poll.key}/{page}", status=403)


def test_a_discarded_poll_shows_nothing_any_more(sign_in, start, group, ada, db):
    poll = start(ada, group=group, title="Secret plan")
    web = sign_in(ada)
    web.send(f"/p/{poll.key}/discard")
    page = web.get(f"/p/{poll.key}").follow()
    assert "was removed" in page
    assert "Secret plan" not in page.html.find("main").text
    web.send(f"/p/{poll.key}/vote", {"option": option(db, "Agree").id}, status=403)


def test_chosen_voters_are_asked_in_the_next_step(sign_in, group, ada, ben, db, run_jobs):
    web = sign_in(ada)
    form = form_of(web.get(f"/p/new?group_id={group.id}&poll_type=proposal"))
    form["title"], form["who"] = "Just us?", "chosen"
    form = form_of(form.submit().follow())
    form.set("user_ids", True, index=0)
    form["emails"] = "guest@example.org"
    page = form.submit().follow()
    assert "Guest" in page
    poll = poll_of(db)
    assert poll.voters_count == 2
    guest = db.scalars(select(Stance).where(Stance.guest)).one()
    assert guest.token


def test_queries_do_not_grow_with_voters_or_options(sign_in, make, start, ada, ctx, queries, db):
    counts = []
    for size in (1, 30):
        people = [make.user() for _ in range(size)]
        group = make.group(admin=ada, members=people)
        poll = start(ada, "poll", [f"Option {n}" for n in range(size)], group=group)
        first = db.scalars(select(PollOption).where(PollOption.poll_id == poll.id)).first()
        from llmio.plugins.polls import Ballot
        from llmio.polls import queries as polls
        from llmio.polls import service

        for one in people:
            service.cast_vote(ctx(one), polls.get(ctx(one), poll.id), ballot=Ballot({first.id: 1}), reason="So there.")
        web = sign_in(ada)
        path = web.get(f"/p/{poll.key}").location
        web.get(path)
        with queries() as sent:
            web.get(path)
        counts.append(sent.count)
    assert counts[0] == counts[1] <= 16, str(sent)


def test_all_polls_of_a_group_are_listed_page_by_page(sign_in, make, group, ada, db, clock, queries):
    for number in range(25):
        make.poll(group=group, title=f"Closed {number:02}", closed_at=clock.now())
    make.poll(group=group, title="Still open")
    web = sign_in(ada)
    with queries() as sent:
        first = web.get(f"/g/{group.key}/polls")
    assert sent.count <= 14, str(sent)
    assert "Still open" in first
    assert first.text.count("poll-card-closed") == 20
    second = first.click("Show earlier polls")
    assert second.text.count("poll-card-closed") == 5
    assert "Still open" not in second
    web.get(f"/g/{group.key}/polls?offset=x", status=404)


def test_strangers_see_no_list_of_polls(web, make, start, group, ada):
    start(ada, group=group)
    web.sign_in(make.user())
    web.get(f"/g/{group.key}/polls", status=404)


def test_a_thread_of_many_polls_and_votes_asks_no_more_than_one_of_few(sign_in, make, start, ada, ctx, queries, db):
    from llmio.plugins.polls import Ballot
    from llmio.polls import queries as polls
    from llmio.polls import service

    counts = []
    for size in (1, 6):
        voters = [make.user() for _ in range(3)]
        discussion = make.discussion(make.group(admin=ada, members=voters))
        for _ in range(size):
            poll = polls.get(ctx(), start(ada, discussion=discussion).id)
            for voter in voters:
                ballot = Ballot({poll.options[0].id: 1})
                service.cast_vote(ctx(voter), polls.get(ctx(voter), poll.id), ballot=ballot, reason="So there.")
        web = sign_in(ada)
        path = f"/d/{discussion.key}"
        web.get(path).maybe_follow()
        with queries() as sent:
            page = web.get(path).maybe_follow()
        assert page.text.count("So there.") >= 3
        counts.append(sent.count)
    assert counts[0] == counts[1], str(sent)


def test_an_option_has_one_colour_wherever_it_is_shown(start, ada, ben, group, ctx, sign_in, commit, db):
    """The last option leads: bars are sorted by it, and priorities leave gaps; its colour is that of its place still."""
    poll = start(ada, "poll", ("Tea", "Coffee", "Milk"), group=group, hide_results=0)
    options = {
        one.name: one
        for one in db.scalars(select(PollOption).where(PollOption.poll_id == poll.id).order_by(PollOption.priority))
    }
    for number, option in enumerate(options.values()):
        option.priority = 10 * number + 3
    for person in (ada, ben):
        service.cast_vote(ctx(person), poll, ballot=Ballot({options["Milk"].id: 1}))
    commit()
    page = sign_in(ada).get(cards.path_of(poll))
    bar = next(row for row in page.html.select(".chart-bar tbody tr") if "Milk" in row.text)
    assert "tone-c2" in bar.select_one(".bar-fill")["class"]
    voted = next(
        one for one in page.html.select(".option-icon") if "Milk" in one.parent.text and one.find_parent("article")
    )
    assert "tone-c2" in voted["class"]
    listed = sign_in(ada).get(f"/g/{group.key}/polls").html.select(".stacked-bar rect")
    assert [one["class"] for one in listed] == [["tone-c2"]]


@pytest.mark.parametrize(("kept", "most"), [("9", 9), ({}, 5), ("9" * 40, 5), (True, 5), ("many", 5)])
def test_a_setting_of_years_ago_that_is_no_number_counts_as_not_set(sign_in, start, group, ada, db, kept, most):
    poll = start(ada, "score", ("Tea", "Coffee"), group=group)
    poll.max_score, poll.custom_fields = None, {"max_score": kept}
    db.flush()
    assert f"From 0 to {most}." in sign_in(ada).get(f"/p/{poll.key}").follow()
