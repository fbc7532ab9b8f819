"""Counters of polls and options, recomputed from the votes: set-based, one statement a poll."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, select, text

from llmio.discussions.models import Discussion
from llmio.polls.models import Poll, PollOption

if TYPE_CHECKING:
    from llmio.core.context import Context

RECOUNT = text("""
WITH st AS (
  SELECT id, participant_id, cast_at, none_of_the_above FROM stances
  WHERE poll_id = :poll_id AND latest AND revoked_at IS NULL
), given AS (
  SELECT c.poll_option_id AS option_id, sum(c.score) AS total, count(DISTINCT st.id) AS voters,
    jsonb_object_agg(st.participant_id, c.score) FILTER (WHERE st.participant_id IS NOT NULL) AS scores
  FROM st JOIN stance_choices c ON c.stance_id = st.id GROUP BY c.poll_option_id
), counted AS (
  UPDATE poll_options o SET total_score = coalesce(g.total, 0), voter_count = coalesce(g.voters, 0),
    voter_scores = CASE WHEN :anonymous THEN '{}'::jsonb ELSE coalesce(g.scores, '{}'::jsonb) END
  FROM poll_options mine LEFT JOIN given g ON g.option_id = mine.id
  WHERE o.id = mine.id AND mine.poll_id = :poll_id RETURNING o.id, o.priority, o.total_score
)
UPDATE polls SET
  voters_count = (SELECT count(*) FROM st),
  undecided_voters_count = (SELECT count(*) FROM st WHERE cast_at IS NULL),
  none_of_the_above_count = (SELECT count(*) FROM st WHERE none_of_the_above AND cast_at IS NOT NULL),
  stance_counts = (SELECT coalesce(jsonb_agg(total_score ORDER BY priority, id), '[]'::jsonb) FROM counted)
WHERE id = :poll_id
""")
SCORES = text("""
UPDATE stances s SET option_scores = c.scores FROM (
  SELECT st.id, coalesce(jsonb_object_agg(c.poll_option_id, c.score) FILTER (WHERE c.id IS NOT NULL), '{}'::jsonb) AS scores
  FROM stances st LEFT JOIN stance_choices c ON c.stance_id = st.id WHERE st.poll_id = :poll_id GROUP BY st.id
) c WHERE s.id = c.id AND s.option_scores IS DISTINCT FROM c.scores
""")
IN_GROUPS = text("""
UPDATE groups g SET polls_count = c.kept, closed_polls_count = c.closed FROM (
  SELECT w.id, count(p.id) AS kept, count(p.closed_at) AS closed
  FROM unnest(cast(:ids AS int[])) w(id) LEFT JOIN polls p ON p.group_id = w.id AND p.discarded_at IS NULL GROUP BY 1
) c WHERE g.id = c.id AND (g.polls_count, g.closed_polls_count) <> (c.kept, c.closed)
""")
IN_THREADS = text("""
UPDATE discussions d SET closed_polls_count = c.closed, anonymous_polls_count = c.anonymous FROM (
  SELECT w.id, count(p.closed_at) AS closed, count(p.id) FILTER (WHERE p.anonymous) AS anonymous
  FROM unnest(cast(:ids AS int[])) w(id) LEFT JOIN polls p ON p.discussion_id = w.id AND p.discarded_at IS NULL GROUP BY 1
) c WHERE d.id = c.id AND (d.closed_polls_count, d.anonymous_polls_count) <> (c.closed, c.anonymous)
""")
COLUMNS = [attribute.key for attribute in inspect(Poll).column_attrs]


def lock(ctx: Context, poll: Poll) -> Poll:
    """Let no other vote, edit or closing come between; the poll is fresh afterwards, and so are its options if edited.

    One poll's votes are counted one after another: each recount must see the vote before it.
    """
    seen = poll.updated_at
    ctx.db.refresh(poll, COLUMNS, with_for_update={"key_share": True})
    if poll.updated_at != seen and "options" in poll.__dict__:
        ctx.db.refresh(poll, ["options"])
    return poll


def recount(ctx: Context, poll: Poll) -> None:
    """Bring the counters of a poll (which must be locked) and its options up to date."""
    ctx.db.flush()
    ctx.db.execute(RECOUNT, {"poll_id": poll.id, "anonymous": poll.anonymous})
    refresh(ctx, poll)


def recount_poll(ctx: Context, poll: Poll) -> Poll:
    """Make all that is counted of a poll anew from its choices: the scores kept beside each vote, then the counters."""
    poll = lock(ctx, poll)
    ctx.db.flush()
    ctx.db.execute(SCORES, {"poll_id": poll.id})
    recount(ctx, poll)
    return poll


def count_places(ctx: Context, *places: Any) -> None:
    """Bring up to date how many polls groups and threads are said to have; `places` are polls or threads in them."""
    ctx.db.flush()
    groups = sorted({one.group_id for one in places if one.group_id})
    threads = sorted(
        {found for one in places if (found := one.id if isinstance(one, Discussion) else one.discussion_id)}
    )
    for statement, ids in ((IN_THREADS, threads), (IN_GROUPS, groups)):
        if ids:
            ctx.db.execute(statement, {"ids": ids})


def count_polls_of(ctx: Context, group_ids: Sequence[int]) -> None:
    """Bring up to date how many polls groups are said to have."""
    ctx.db.flush()
    ctx.db.execute(IN_GROUPS, {"ids": sorted(group_ids)})


def refresh(ctx: Context, poll: Poll) -> None:
    """Read counters again when next asked for, without dropping what was loaded beside them."""
    ctx.db.expire(poll, ["voters_count", "undecided_voters_count", "none_of_the_above_count", "stance_counts"])
    for option in poll.__dict__.get("options", ()):
        ctx.db.expire(option, ["total_score", "voter_count", "voter_scores"])


def reload_options(ctx: Context, poll: Poll) -> None:
    """Read the options of a poll again, with fresh counters, in one query."""
    query = select(PollOption).where(PollOption.poll_id == poll.id).execution_options(populate_existing=True)
    ctx.db.scalars(query).all()
