"""Rows of the search index: as the reference builds them, current after every change, and nothing that is to be hidden."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from llmio.accounts.service import profile
from llmio.core.errors import Conflict
from llmio.discussions import service as discussions
from llmio.polls import service as polls
from llmio.search import building, documents, jobs
from llmio.search.models import SearchDocument
from llmio.upkeep.service import merge, vanish
from tests import factories


@pytest.fixture
def ada(make):
    return make.user(name="Ada King")


@pytest.fixture
def group(make, ada):
    return make.group(admin=ada, name="Weavers")


@pytest.fixture
def build(app, commit):
    def run(**how):
        commit()
        return list(building.build(app, restart=True, **how))

    return run


@pytest.fixture
def row(db):
    """`row(record)`: its row, or None; fails where there are two."""

    def find(record):
        db.expire_all()
        query = select(SearchDocument).where(
            SearchDocument.searchable_type == type(record).__name__, SearchDocument.searchable_id == record.id
        )
        return db.scalars(query).one_or_none()

    return find


def test_rows_are_those_of_the_reference(make, ada, group, build, row, db):
    thread = make.discussion(
        group, author=ada, title="A <b>loom</b>", description="<p>One</p><p>two &amp; 3</p>", description_format="html"
    )
    comment = make.comment(thread, user=ada, body="It is **mine**, see <https://example.org>")
    poll = make.poll(discussion=thread, author=ada, title="Buy it?", details=None)
    stance = make.stance(poll, ada, choices={"agree": 1}, reason="Cheap")
    outcome = make.outcome(poll, author=ada, statement="We buy.")
    build()
    expected = {
        thread: ("A loom Onetwo &amp; 3 Ada King", ada.id, group.id, thread.id, None, thread.created_at),
        comment: ("It is **mine**, see  Ada King", ada.id, group.id, thread.id, None, comment.created_at),
        poll: ("Buy it? Ada King", ada.id, group.id, thread.id, poll.id, poll.created_at),
        stance: ("Cheap Ada King", ada.id, group.id, thread.id, poll.id, stance.cast_at),
        outcome: ("We buy. Ada King", ada.id, group.id, thread.id, poll.id, outcome.created_at),
    }
    for record, values in expected.items():
        one = row(record)
        found = (one.content, one.author_id, one.group_id, one.discussion_id, one.poll_id, one.authored_at)
        assert found == values
        words = db.scalar(text("SELECT to_tsvector('simple', :content)::text"), {"content": one.content})
        assert one.ts_content == words


CASES = {
    "a stance of an open poll": ({}, {}, True),
    "not cast": ({}, {"cast_at": None}, False),
    "anonymous, open": ({"anonymous": True}, {}, False),
    "anonymous, closed": ({"anonymous": True, "closed_at": factories.now()}, {}, True),
    "hidden until closed, open": ({"hide_results": 2}, {}, False),
    "hidden until closed, closed": ({"hide_results": 2, "closed_at": factories.now()}, {}, True),
    "hidden until one has voted": ({"hide_results": 1}, {}, True),
    "poll discarded": ({"discarded_at": factories.now()}, {}, False),
    "withdrawn": ({}, {"revoked_at": factories.now()}, False),
    "replaced by a later one": ({}, {"latest": False}, False),
}


@pytest.mark.parametrize(("poll_is", "stance_is", "there"), CASES.values(), ids=CASES)
def test_which_votes_have_rows(make, ada, group, build, row, poll_is, stance_is, there):
    poll = make.poll(group=group, author=ada, **poll_is)
    stance = make.stance(poll, ada, choices={"agree": 1}, reason="Because", **stance_is)
    build()
    assert (row(stance) is not None) == there


def test_a_closed_anonymous_vote_names_nobody(make, ada, group, build, row):
    poll = make.poll(group=group, author=make.user(name="Ben"), anonymous=True, closed_at=factories.now())
    stance = make.stance(poll, ada, choices={"agree": 1}, reason="Because")
    build()
    assert (row(stance).content, row(stance).author_id) == ("Because", None)


def test_what_was_discarded_has_no_row_and_what_was_not_has(make, ada, group, build, row):
    kept, gone = (make.discussion(group, author=ada, discarded_at=at) for at in (None, factories.now()))
    said, unsaid = (make.comment(kept, user=ada, discarded_at=at) for at in (None, factories.now()))
    in_gone = make.comment(gone, user=ada)
    polls = [make.poll(discussion=kept, author=ada, discarded_at=at) for at in (None, factories.now())]
    outcomes = [make.outcome(poll, author=ada, statement="So be it") for poll in polls]
    poll_in_gone = make.poll(discussion=gone, author=ada)
    build()
    assert all(row(one) for one in (kept, said, polls[0], outcomes[0]))
    assert [row(one) for one in (gone, unsaid, in_gone, polls[1], outcomes[1], poll_in_gone)] == [None] * 6


# -- kept current --------------------------------------------------------------------------------------------------------


@pytest.fixture
def world(make, ada, group, build):
    """A thread with a comment, a poll, a vote and an outcome, all by one person, and the index of them."""
    thread = make.discussion(group, author=ada, title="Loom")
    comment = make.comment(thread, author=ada, body="Mine")
    poll = make.poll(discussion=thread, author=ada, title="Buy?")
    stance = make.stance(poll, ada, choices={"agree": 1}, reason="Cheap")
    outcome = make.outcome(poll, author=ada, statement="Bought")
    build()
    return thread, comment, poll, stance, outcome


def test_a_new_name_is_in_everything_that_the_person_wrote(world, ctx, ada, row, run_jobs, make, group):
    other = make.discussion(group, author=make.user(name="Ben Okri"))
    profile.update_profile(ctx(ada), ada, name="Augusta Byron", username=ada.username)
    run_jobs()
    assert [row(one).content.endswith(" Augusta Byron") for one in world] == [True] * 5
    assert row(other) is None  # it was not indexed before, and is none of hers


def test_a_closed_account_keeps_its_rows_current(world, ctx, ada, row, run_jobs, db):
    profile.deactivate(ctx(ada), ada)
    run_jobs()
    db.refresh(ada)
    assert [row(one).content.endswith(ada.name or "") for one in world] == [True] * 5


def test_accounts_made_one_are_one_author(world, ctx, ada, row, run_jobs, make):
    kept = make.user(name="Grace Hopper")
    merge.merge_users(ctx(make.admin_of_site()), ada, kept)
    run_jobs()
    assert [(row(one).author_id, row(one).content.endswith(" Grace Hopper")) for one in world] == [(kept.id, True)] * 5


def test_a_destroyed_account_names_nobody(world, ctx, ada, row, run_jobs, make, group):
    ben = make.user(name="Ben Okri")
    closed = make.poll(group=group, author=ada, title="Sold?", closed_at=factories.now())
    stance = make.stance(closed, ben, choices={"agree": 1}, reason="Too dear")
    comment = make.comment(world[0], author=ben, body="Theirs")
    acting = ctx(ada)
    acting.changed(ben)
    run_jobs()
    assert [row(one).content for one in (stance, comment)] == ["Too dear Ben Okri", "Theirs Ben Okri"]
    vanish.destroy_account(ctx(make.admin_of_site()), ben, words=False)
    run_jobs()
    assert [row(one).content for one in (stance, comment)] == ["Too dear", "Theirs"]


def test_a_discarded_thread_takes_everything_along(world, ctx, ada, row, run_jobs):
    discussions.discard_discussion(ctx(ada), world[0])
    run_jobs()
    assert [row(one) for one in world] == [None] * 5


def test_a_moved_thread_takes_everything_along(world, ctx, ada, row, run_jobs, make, commit):
    elsewhere = make.group(admin=ada, name="Bakers")
    world[0].group_id = world[2].group_id = elsewhere.id
    acting = ctx(ada)
    acting.enqueue(jobs.reindex_discussion, world[0].id)
    commit()
    run_jobs()
    assert [row(one).group_id for one in world] == [elsewhere.id] * 5


def test_an_edited_and_a_removed_comment(world, ctx, ada, row, run_jobs):
    comment = world[1]
    discussions.edit_comment(ctx(ada), comment, body="Yours", body_format="md")
    run_jobs()
    assert row(comment).content == "Yours Ada King"
    discussions.discard_comment(ctx(ada), comment)
    run_jobs()
    assert row(comment) is None
    discussions.undiscard_comment(ctx(ada), comment)
    run_jobs()
    assert row(comment).content == "Yours Ada King"


def test_closing_brings_hidden_votes_in_and_discarding_takes_all_out(make, ctx, ada, group, row, run_jobs, build):
    poll = make.poll(group=group, author=ada, title="Buy?", hide_results=2)
    stance = make.stance(poll, ada, choices={"agree": 1}, reason="Cheap")
    build()
    assert (row(poll) is not None, row(stance)) == (True, None)
    polls.close_poll(ctx(ada), poll)
    run_jobs()
    assert row(stance).content == "Cheap Ada King"
    polls.discard_poll(ctx(ada), poll)
    run_jobs()
    assert (row(poll), row(stance)) == (None, None)


def test_bulk_jobs_go_on_in_stretches(world, ctx, ada, row, run_jobs, monkeypatch, commit):
    monkeypatch.setattr(documents, "BATCH", 2)
    ada.name = "Augusta Byron"
    acting = ctx(ada)
    acting.enqueue(jobs.reindex_author, ada.id)
    commit()
    run_jobs()
    assert [row(one).content.endswith(" Augusta Byron") for one in world] == [True] * 5


# -- built anew ----------------------------------------------------------------------------------------------------------


def test_a_stopped_building_goes_on_where_it_stopped(world, app, row, db, commit, monkeypatch):
    monkeypatch.setattr(documents, "BATCH", 1)
    db.execute(text("DELETE FROM pg_search_documents"))
    commit()
    running = building.build(app, restart=True)
    seen = [next(running).phase for _ in range(3)]
    assert row(world[0]) is not None
    assert row(world[4]) is None
    commit()
    rest = list(building.build(app))  # the lock is held within the same connection here, so that it stops nobody
    assert rest[0].resumed
    assert rest[0].phase == seen[-1]
    assert rest[-1].finished_at is not None
    assert all(row(one) for one in world)
    commit()
    running.close()


def test_searchers_find_the_old_while_the_new_is_built(world, app, row, db, commit):
    running = building.build(app, restart=True)
    for _step in running:
        assert all(row(one) for one in world)
        commit()


def test_building_drops_rows_whose_records_are_gone(world, row, db, build):
    db.execute(
        text("UPDATE pg_search_documents SET searchable_id = searchable_id + 100000 WHERE searchable_type = 'Comment'")
    )
    build()
    left = db.scalars(select(SearchDocument.searchable_id).where(SearchDocument.searchable_type == "Comment")).all()
    assert left == [world[1].id]


def test_two_cannot_build_at_once(committed_db, app):
    first = building.build(app)
    next(first)
    with pytest.raises(Conflict, match="being built already"):
        next(building.build(app))
    first.close()


def test_the_job_builds_it_too(world, app, row, db, commit):
    db.execute(text("DELETE FROM pg_search_documents"))
    commit()
    jobs.reindex(app)
    assert all(row(one) for one in world)
