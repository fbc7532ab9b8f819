"""What llmio writes is valid for the reference: after a demo and acts of every kind, every rule of its data holds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from llmio import demo
from llmio.accounts import service as accounts
from llmio.core.tables import Event
from llmio.discussions.models import Comment, Discussion, DiscussionReader
from llmio.groups import membership as memberships
from llmio.groups.models import Group, Membership, MembershipRequest
from llmio.plugins import Ballot
from llmio.polls import service as polls
from llmio.polls.models import Poll, Stance
from llmio.polls.values import HideResults, OptionInput, PollInput
from tests.functional.continuity.invariants import QUERIES, broken
from tests.functional.test_group_pictures import PNG


class Stage:
    """People of the demo at their browsers."""

    def __init__(self, app, db, new_browser, ctx, run_jobs, clock) -> None:
        demo.load(app)
        self.db, self.ctx, self.run, self.clock = db, ctx, run_jobs, clock
        self.group = db.scalars(select(Group).where(Group.handle == "sunrise")).one()
        self.thread = db.scalars(
            select(Discussion).where(Discussion.group_id == self.group.id).order_by(Discussion.id)
        ).first()
        held = (
            select(Membership)
            .where(Membership.group_id == self.group.id)
            .order_by(Membership.admin.desc(), Membership.id)
        )
        self.members = [one.user for one in db.scalars(held)]
        self.admin, self.ben, self.chi = self.members[:3]
        self.browsers = {user.id: new_browser().sign_in(user) for user in self.members[:3]}

    def send(self, user, path, fields=(), **how):
        answer = self.browsers[user.id].send(path, fields, expect_errors=True, **how)
        assert answer.status_int in (200, 201, 303), (path, answer.status, answer.text[:2000])
        return answer

    def last(self, model):
        self.db.expire_all()
        return self.db.scalars(select(model).order_by(model.id.desc()).limit(1)).one()

    def poll(self, kind, **how):
        values = {"options": [OptionInput("Agree", icon="agree"), OptionInput("Disagree", icon="disagree"), OptionInput("Abstain", icon="abstain")],
                  "closing_at": self.clock.now() + timedelta(days=3), "title": f"A {kind}", **how.pop("values", {})}  # fmt: skip
        return polls.create_poll(self.ctx(self.admin), poll_type=kind, values=PollInput(**values), **how)


@pytest.fixture
def stage(app, db, new_browser, ctx, run_jobs, clock):
    return Stage(app, db, new_browser, ctx, run_jobs, clock)


def talk(stage):
    """Threads, answers deeper than allowed, edits, removals, reactions, reading."""
    key = stage.thread.key
    stage.send(
        stage.ben,
        "/d",
        {
            "group_id": str(stage.group.id),
            "title": "A new one",
            "description": "- [ ] Look",
            "description_format": "md",
        },
    )
    other = stage.last(Discussion)
    parent = None
    for depth in range(5):
        told = {"parent_type": "Comment", "parent_id": str(parent.id)} if parent else {}
        stage.send(
            stage.chi,
            f"/d/{key}/comments",
            {"body": f"Depth {depth} @{stage.ben.username}", "body_format": "md", **told},
        )
        parent = stage.last(Comment)
    deepest = parent
    stage.send(stage.chi, f"/comments/{deepest.id}/edit", {"body": "Said better", "body_format": "md"})
    stage.send(stage.ben, f"/reactions/comment/{deepest.id}", {"reaction": "🎉"})
    stage.send(stage.chi, f"/d/{key}/comments", {"body": "Not needed", "body_format": "md"})
    gone = stage.last(Comment)
    stage.send(stage.chi, f"/comments/{gone.id}/destroy")
    stage.send(stage.chi, f"/d/{key}/comments", {"body": "Taken away", "body_format": "md"})
    away = stage.last(Comment)
    stage.send(stage.admin, f"/comments/{away.id}/discard")
    edit = {
        "title": "Another title",
        "description": "Why",
        "description_format": "md",
        "message": "It was unclear",
        "private": "1",
    }
    stage.send(stage.admin, f"/d/{key}/edit", {**edit, "notify": "group"})
    stage.send(stage.ben, f"/d/{key}/read", {"ranges": "all"}, headers={"Accept": "application/json"})
    stage.send(stage.admin, f"/d/{key}/people", {"emails": "guest@example.org"})
    event = stage.db.scalars(
        select(Event).where(Event.eventable_type == "Comment", Event.eventable_id == deepest.id)
    ).first()
    stage.send(stage.admin, f"/d/{key}/items/{event.id}/pin")
    for act in ("pin", "close", "reopen"):
        stage.send(stage.admin, f"/d/{key}/{act}")
    stage.send(stage.admin, f"/d/{key}/volume", {"volume": "3"})
    return other, deepest


def decide(stage, kind):
    """A poll of a kind in the thread, voted, changed, closed, with an outcome; one alone, moved into it; two that open later."""
    poll = stage.poll(kind, discussion=stage.thread)
    ids = [one.id for one in poll.options]
    for user in (stage.admin, stage.ben, stage.chi):
        polls.cast_vote(stage.ctx(user), poll, ballot=Ballot({ids[0]: 1}), reason="For this reason")
    soon = {"opening_at": stage.clock.now() + timedelta(minutes=20)}
    planned = [stage.poll(kind, discussion=stage.thread, values=soon) for _ in range(2)]
    stage.clock.move(minutes=30)
    assert polls.open_due(stage.ctx(), planned[0])  # the other stays planned
    polls.cast_vote(stage.ctx(stage.ben), poll, ballot=Ballot({ids[1]: 1}), reason="I thought again")
    polls.uncast(stage.ctx(stage.chi), poll)
    polls.close_poll(stage.ctx(stage.admin), poll)
    polls.reopen_poll(stage.ctx(stage.admin), poll, closing_at=stage.clock.now() + timedelta(days=1))
    polls.close_poll(stage.ctx(stage.admin), poll)
    outcome = polls.publish_outcome(stage.ctx(stage.admin), poll, statement="So be it")
    polls.update_outcome(stage.ctx(stage.admin), outcome, statement="So be it, really")
    alone = stage.poll(kind, group=stage.group)
    polls.cast_vote(stage.ctx(stage.ben), alone, ballot=Ballot({alone.options[0].id: 1}), reason="Mine")
    polls.add_to_thread(stage.ctx(stage.admin), alone, stage.thread)
    gone = stage.poll(kind, discussion=stage.thread)
    polls.cast_vote(stage.ctx(stage.ben), gone, ballot=Ballot({gone.options[0].id: 1}), reason="Lost")
    stage.send(stage.admin, f"/p/{gone.key}/discard")


def hide(stage):
    """Anonymous and hidden until the end; closed by the clock."""
    secret = {"anonymous": True, "hide_results": HideResults.UNTIL_CLOSED}
    poll = stage.poll("proposal", discussion=stage.thread, values=secret)
    for user in (stage.admin, stage.ben):
        polls.cast_vote(stage.ctx(user), poll, ballot=Ballot({poll.options[0].id: 1}), reason="In secret")
    stage.clock.move(days=4)
    polls.expire_poll(stage.ctx(), poll)


def lead(stage, other, deepest):
    """Members come, ask, lead and go; items are moved; things are put away."""
    stage.send(stage.admin, f"/g/{stage.group.key}/invite", {"emails": "new@example.org, newer@example.org"})
    invited = stage.last(Membership)
    stage.send(stage.admin, f"/memberships/{invited.id}/resend")
    stage.send(stage.admin, f"/memberships/{invited.id}/revoke")
    of_chi = select(Membership).where(Membership.group_id == stage.group.id, Membership.user_id == stage.chi.id)
    held = stage.db.scalars(of_chi).one()
    for act in ("make_admin", "remove_admin"):
        stage.send(stage.admin, f"/memberships/{held.id}/{act}")
    stage.send(
        stage.admin,
        f"/g/{stage.group.key}/settings",
        {"members_can_announce": "1", "members_can_start_discussions": "1"},
    )
    stranger = accounts.create_user(stage.ctx(), email="sam@example.org", name="Sam Strange")
    stage.group.is_visible_to_public, stage.group.membership_granted_upon = True, "approval"
    stage.db.flush()
    memberships.request_membership(stage.ctx(stranger), stage.group, introduction="Please")
    stage.send(stage.admin, f"/membership_requests/{stage.last(MembershipRequest).id}/approve")
    poll = stage.db.scalars(
        select(Poll).where(Poll.discussion_id == stage.thread.id, Poll.discarded_at.is_(None)).order_by(Poll.id.desc())
    ).first()
    theirs = ((Event.kind == "poll_created") & (Event.eventable_id == poll.id)) | (
        (Event.kind == "new_comment") & (Event.eventable_id == deepest.id)
    )
    items = [str(one.id) for one in stage.db.scalars(select(Event).where(theirs))]
    stage.send(
        stage.admin, f"/threads/{stage.thread.key}/move", [("items", one) for one in items] + [("target", other.key)]
    )
    stage.send(stage.admin, f"/g/{stage.group.key}/tags", {"name": "Ovens", "color": "#123456"})
    stage.run()
    stage.send(stage.admin, f"/threads/{stage.thread.key}/repair")
    stage.send(
        stage.ben,
        "/d",
        {"group_id": str(stage.group.id), "title": "A mistake", "description": "x", "description_format": "md"},
    )
    stage.send(stage.ben, f"/d/{stage.last(Discussion).key}/discard")
    stage.run()


def test_after_acts_of_every_kind_every_rule_holds(stage):
    for name in ("first.png", "second.png"):
        stage.send(stage.ben, "/profile/picture", upload_files=[("picture", name, PNG)])
    assert stage.ben.avatar_kind == "uploaded"
    other, deepest = talk(stage)
    for kind in ("proposal", "poll", "score"):
        decide(stage, kind)
    hide(stage)
    stage.run()
    lead(stage, other, deepest)
    assert list(broken(stage.db.connection())) == []
    kinds = set(stage.db.scalars(select(Event.kind).distinct()))
    assert kinds >= {
        "comment_edited", "discussion_edited", "membership_created", "membership_resent", "membership_requested", "membership_request_approved",
        "new_comment", "new_coordinator", "new_discussion", "outcome_created", "outcome_updated", "poll_closed_by_user", "poll_created", "poll_expired",
        "poll_reopened", "reaction_created", "stance_created", "user_mentioned",
    }  # fmt: skip
    assert stage.db.scalar(select(Stance.id).where(Stance.latest.is_(False)).limit(1)), (
        "votes that were changed are kept"
    )
    assert stage.db.scalar(select(DiscussionReader.id).where(DiscussionReader.read_ranges_string != "").limit(1))


BREAKS = {
    "numbers are given once in a thread": "UPDATE events SET sequence_id = 1 WHERE sequence_id = 2",
    "depth follows from the parent's": "UPDATE events SET depth = 7 WHERE depth = 1",
    "keys follow from the parent's": "UPDATE events SET position_key = '1' WHERE depth = 1",
    "counters of threads": "UPDATE discussions SET items_count = 77",
    "a person has one picture": """WITH made AS (INSERT INTO active_storage_blobs (key, filename, byte_size, service_name, created_at)
        SELECT 'a' || n, 'a.png', 1, 'local', now() FROM generate_series(1, 2) AS n RETURNING id)
        INSERT INTO active_storage_attachments (name, record_type, record_id, blob_id, created_at)
        SELECT 'uploaded_avatar', 'User', 1, id, now() FROM made""",
    "counters of a group's polls": "UPDATE groups SET polls_count = 77",
    "points of options": "UPDATE poll_options SET total_score = 77",
    "scores beside votes": "UPDATE stances SET option_scores = '{\"1\": 77}'",
    "who voted for an option": "UPDATE poll_options SET voter_scores = '{\"1\": 1}'; UPDATE polls SET anonymous = true",
    "descendants of roots are counted": "UPDATE events SET descendant_count = 77",
}


def test_rules_see_what_breaks_them(app, db):
    """Rules that nothing could break would hold nothing."""
    demo.load(app)
    db.execute(text("DROP INDEX IF EXISTS index_events_on_discussion_id_and_sequence_id"))
    for rule, statement in BREAKS.items():
        assert db.execute(text(QUERIES[rule])).all() == [], rule
        with db.begin_nested() as undo:
            db.execute(text(statement))
            assert db.execute(text(QUERIES[rule])).all(), rule
            undo.rollback()
