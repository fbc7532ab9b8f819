"""What goes to which room, and what must not."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from llmio.discussions import service as threads
from llmio.plugins.polls import Ballot
from llmio.polls import queries
from llmio.polls import service as polls
from llmio.polls.values import HideResults


@pytest.fixture
def people(make):
    ada, ben, guest = make.user("Ada"), make.user("Ben"), make.user("Guest")
    group = make.group("Garden", admin=ada, members=[ben])
    thread = make.discussion(group, author=ada, title="Compost")
    return SimpleNamespace(ada=ada, ben=ben, guest=guest, group=group, thread=thread)


@pytest.fixture
def heard(live, commit, run_jobs, app):
    """`heard(room)`: the records of the act since the last call, sent to the room because of events."""

    def made(room):
        commit()
        run_jobs()
        found = [records for where, records in live.messages if where == room and "events" in records]
        live.messages.clear()
        return found

    return made


def voted(make, ctx, people, **fields):
    voter = people.ben
    made = make.poll(**({"discussion": people.thread} | fields), voters=[voter])
    poll = queries.by_key(ctx(), made.key)
    option = make.options_of(poll)["agree"]
    stance = polls.cast_vote(ctx(voter), poll, ballot=Ballot({option.id: 1}), reason="Secret words of the voter")
    return poll, stance


def test_a_comment_goes_to_the_room_of_its_group(people, ctx, heard):
    comment = threads.add_comment(ctx(people.ben), people.thread, body="Good *idea*", body_format="md")
    (records,) = heard(f"group-{people.group.id}")
    assert [(one["id"], one["body"], one["author_id"]) for one in records["comments"]] == [
        (comment.id, "Good *idea*", people.ben.id)
    ]
    assert records["discussions"][0]["id"] == people.thread.id
    assert {one["name"] for one in records["users"]} == {"Ada", "Ben"}
    assert records["events"][0]["kind"] == "new_comment"


def test_no_address_goes_into_a_room(people, ctx, heard):
    threads.add_comment(ctx(people.ben), people.thread, body="Hello", body_format="md")
    text = json.dumps(heard(f"group-{people.group.id}"))
    assert people.ben.name in text
    assert people.ben.email not in text
    assert people.ben.secret_token not in text


def test_guests_of_a_thread_hear_it_in_rooms_of_their_own(people, make, ctx, heard):
    make.reader(people.thread, people.guest, guest=True)
    threads.add_comment(ctx(people.ben), people.thread, body="Hello", body_format="md")
    assert len(heard(f"user-{people.guest.id}")) == 1


def test_guests_who_were_removed_hear_nothing(people, make, ctx, heard):
    from tests.factories import now

    make.reader(people.thread, people.guest, guest=True, revoked_at=now())
    threads.add_comment(ctx(people.ben), people.thread, body="Hello", body_format="md")
    assert heard(f"user-{people.guest.id}") == []


def test_a_vote_is_shown_with_its_reason_where_results_are_open(people, make, ctx, heard):
    _poll, stance = voted(make, ctx, people)
    (records,) = heard(f"group-{people.group.id}")
    (shown,) = records["stances"]
    assert (shown["participant_id"], shown["option_scores"]) == (people.ben.id, stance.option_scores)
    assert "Secret words" in shown["reason"]
    assert records["polls"][0]["stance_counts"] == [1, 0, 0]
    assert sum(row["score"] for row in records["polls"][0]["results"]) == 1


@pytest.mark.parametrize("hidden", [HideResults.UNTIL_VOTE, HideResults.UNTIL_CLOSED])
def test_a_vote_whose_results_are_hidden_says_only_that_someone_voted(people, make, ctx, heard, hidden):
    poll, stance = voted(make, ctx, people, hide_results=hidden)
    (records,) = heard(f"group-{people.group.id}")
    (shown,) = records["stances"]
    assert (shown["id"], shown["poll_id"], shown["participant_id"]) == (stance.id, poll.id, people.ben.id)
    assert not {"option_scores", "reason", "none_of_the_above"} & set(shown)
    assert "Secret words" not in json.dumps(records)
    assert records["polls"][0]["results"] == []
    assert records["polls"][0]["stance_counts"] == []


def test_an_anonymous_vote_names_nobody(people, make, ctx, heard):
    voted(make, ctx, people, anonymous=True)
    (records,) = heard(f"group-{people.group.id}")
    assert not {"participant_id", "cast_at"} & set(records["stances"][0])
    assert records["events"][0]["actor_id"] is None
    assert [one["name"] for one in records["users"]] == ["Ada"]
    assert all(not row["voter_ids"] for row in records["polls"][0]["results"])


def test_a_discarded_comment_keeps_its_words(people, ctx, live, commit, run_jobs):
    comment = threads.add_comment(ctx(people.ben), people.thread, body="Words to be taken back", body_format="md")
    commit()
    run_jobs()
    live.messages.clear()
    threads.discard_comment(ctx(people.ben), comment)
    commit()
    run_jobs()
    found = [records for room, records in live.messages if room == f"group-{people.group.id}"]
    assert found
    assert found[-1]["comments"][0]["discarded_at"]
    assert "taken back" not in json.dumps(found)


def test_a_poll_outside_groups_is_heard_by_its_voters_alone(people, make, ctx, heard, live):
    voted(make, ctx, people, discussion=None, author=people.ada)
    assert len(heard(f"user-{people.ben.id}")) == 1
    assert heard(f"user-{people.guest.id}") == []
