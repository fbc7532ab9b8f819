"""Two accounts of one person become one: what hung on the first hangs on the second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Table, delete, select, text, true, update

from llmio.accounts import sessions
from llmio.accounts.models import LoginToken, User
from llmio.core import audit
from llmio.core.db import Base
from llmio.core.errors import Conflict, Invalid
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions import ranges
from llmio.discussions.models import DiscussionReader
from llmio.files import portraits
from llmio.groups import membership
from llmio.groups.models import Group, Membership
from llmio.polls.models import Poll, Stance
from llmio.upkeep.people import OURS, PERSON_COLUMNS, TYPED_COLUMNS

if TYPE_CHECKING:
    from llmio.core.context import Context

Same = tuple[str, ...]
TWICE: dict[str, tuple[str, Same]] = {
    "reactions": ("user_id", ("reactable_type", "reactable_id")),
    "notifications": ("user_id", ("event_id",)),
    "stance_receipts": ("voter_id", ("poll_id",)),
    "tasks_users": ("user_id", ("task_id",)),
}
"""Table → its person, and what may be there once for a person: of two rows that of the account that stays is kept."""

BOTH_MEMBERS = text("""
UPDATE memberships kept SET
  admin = (kept.admin AND kept.revoked_at IS NULL) OR (gone.admin AND gone.revoked_at IS NULL),
  delegate = kept.delegate OR gone.delegate,
  accepted_at = CASE WHEN kept.revoked_at IS NOT NULL AND gone.revoked_at IS NULL THEN gone.accepted_at
                     ELSE coalesce(kept.accepted_at, CASE WHEN gone.revoked_at IS NULL THEN gone.accepted_at END) END,
  revoked_at = CASE WHEN gone.revoked_at IS NULL THEN NULL ELSE kept.revoked_at END,
  revoker_id = CASE WHEN gone.revoked_at IS NULL THEN NULL ELSE kept.revoker_id END,
  title = coalesce(kept.title, gone.title)
FROM memberships gone
WHERE kept.user_id = :target AND gone.user_id = :source AND kept.group_id = gone.group_id
""")
DROP_MEMBERS = text(
    "DELETE FROM memberships gone USING memberships kept "
    "WHERE gone.user_id = :source AND kept.user_id = :target AND kept.group_id = gone.group_id"
)
OLDER_VOTES = text("""
UPDATE stances SET latest = false WHERE id IN (
  SELECT id FROM (
    SELECT id, row_number() OVER (
      PARTITION BY poll_id ORDER BY revoked_at IS NOT NULL, cast_at IS NULL, cast_at DESC, id DESC
    ) AS place
    FROM stances WHERE participant_id IN (:source, :target) AND latest AND poll_id <> ALL(:settled)
  ) AS ranked WHERE place > 1
)
""")
"""Of two votes in one poll the last one cast counts, as when a person changes a vote."""

SETTLED = text(
    "SELECT id FROM polls WHERE closed_at IS NOT NULL AND "
    "(SELECT count(DISTINCT participant_id) FROM stances "
    "WHERE poll_id = polls.id AND latest AND participant_id IN (:source, :target)) = 2"
)
"""Closed polls in which both have a place. Their result was told to people and acted on: it stays, with both votes in it.
The one of the old account keeps its place and stands there without a name, like other votes of deleted accounts."""

VOTED = text(
    "UPDATE stance_receipts kept SET vote_cast = kept.vote_cast OR gone.vote_cast FROM stance_receipts gone "
    "WHERE kept.voter_id = :target AND gone.voter_id = :source AND kept.poll_id = gone.poll_id "
    "AND kept.poll_id <> ALL(:settled)"
)
OUTCOME_GUESTS = text(
    "UPDATE events SET custom_fields = jsonb_set(custom_fields, '{outcome_guest_ids}', (SELECT jsonb_agg(DISTINCT "
    "CASE WHEN one = to_jsonb(cast(:source AS int)) THEN to_jsonb(cast(:target AS int)) ELSE one END) "
    "FROM jsonb_array_elements(custom_fields->'outcome_guest_ids') AS one)) WHERE kind = 'outcome_announced' "
    "AND custom_fields->'outcome_guest_ids' @> to_jsonb(cast(:source AS int))"
)
VOTES = frozenset({"stances", "stance_receipts"})


def merge_users(ctx: Context, source: User, target: User) -> None:
    """Ask for a merge of `source` into `target`; the actor must own both, or run the site."""
    if source.id == target.id:
        raise Invalid(_("These are one account already."))
    ctx.require(Permission.USER_MERGE, target)
    for user in (source, target):
        if user.email is None or user.bot:
            raise Conflict(_("One of these accounts cannot be merged."))
    if target.deactivated_at is not None:
        raise Conflict(_("The account that is to stay is closed."))
    if ctx.actor_id != target.id:
        audit.note(ctx, "user.merge", target, source_id=source.id)
    ctx.enqueue(ctx.app.jobs["upkeep.merge_users"], source.id, target.id)


def merge(ctx: Context, source: User, target: User) -> None:
    """Move all that names `source` to `target`, in one transaction: nobody ever sees half of it.

    Afterwards nothing names `source` but its votes in closed polls where `target` has one, too: a second run changes
    nothing. Votes of both in one open poll are counted once.
    """
    ids: dict[str, Any] = {"source": source.id, "target": target.id}
    settled = ids["settled"] = list(ctx.db.scalars(SETTLED, ids))
    polls = list(ctx.db.scalars(select(Stance.poll_id).where(Stance.participant_id == source.id).distinct()))
    groups = list(ctx.db.scalars(select(Membership.group_id).where(Membership.user_id == source.id).distinct()))
    _merge_readers(ctx, source, target)
    for statement in (BOTH_MEMBERS, DROP_MEMBERS, OLDER_VOTES, VOTED, OUTCOME_GUESTS):
        ctx.db.execute(statement, ids)
    _drop_twins(ctx, source, target, settled)
    _repoint(ctx, source, target, settled)
    sessions.end_sessions(ctx, source.id)
    ctx.db.execute(delete(LoginToken).where(LoginToken.user_id == source.id))
    _take_over(source, target)
    portraits.hand_over(ctx, source, target)
    ctx.db.expire_all()
    for group in ctx.db.scalars(select(Group).where(Group.id.in_([one for one in groups if one]))):
        membership.recount(ctx, group)
    for poll_id in ctx.db.scalars(select(Poll.id).where(Poll.id.in_(polls))):
        ctx.enqueue(ctx.app.jobs["polls.recount"], poll_id)
    ctx.changed(target)  # what it wrote is more than before


def _drop_twins(ctx: Context, source: User, target: User, settled: Sequence[int]) -> None:
    for name, (person, same) in TWICE.items():
        table = Base.metadata.tables[name]
        twin = table.alias("twin")
        there = select(twin.c.id).where(twin.c[person] == target.id, *(twin.c[one] == table.c[one] for one in same))
        ctx.db.execute(delete(table).where(table.c[person] == source.id, there.exists(), _unsettled(table, settled)))


def _unsettled(table: Table, settled: Sequence[int]) -> ColumnElement[bool]:
    return table.c.poll_id.not_in(settled) if table.name in VOTES else true()


def _repoint(ctx: Context, source: User, target: User, settled: Sequence[int]) -> None:
    for name, columns in (PERSON_COLUMNS | OURS).items():
        table = Base.metadata.tables[name]
        for column in columns:
            ctx.db.execute(
                update(table)
                .where(table.c[column] == source.id, _unsettled(table, settled))
                .values({column: target.id})
            )
    for name, (kind, column) in TYPED_COLUMNS.items():
        table = Base.metadata.tables[name]
        mine = (table.c[kind] == "User") & (table.c[column] == source.id)
        ctx.db.execute(update(table).where(mine).values({column: target.id}))


def _take_over(source: User, target: User) -> None:
    """What the staying account lacks it gets from the other; nobody loses the site."""
    target.is_admin = bool(target.is_admin or source.is_admin)
    target.short_bio = target.short_bio or source.short_bio
    target.location = target.location or source.location
    target.legal_accepted_at = target.legal_accepted_at or source.legal_accepted_at
    source.is_admin = False


def _merge_readers(ctx: Context, source: User, target: User) -> None:
    """What either account has read of a thread is read; the places of the other account go."""
    theirs = select(DiscussionReader).where(DiscussionReader.user_id == source.id)
    mine = {
        row.discussion_id: row
        for row in ctx.db.scalars(
            select(DiscussionReader).where(
                DiscussionReader.user_id == target.id,
                DiscussionReader.discussion_id.in_(theirs.with_only_columns(DiscussionReader.discussion_id)),
            )
        )
    }
    for gone in ctx.db.scalars(theirs.where(DiscussionReader.discussion_id.in_(mine))).all():
        kept = mine[gone.discussion_id]
        read = ranges.union(ranges.parse(kept.read_ranges_string), ranges.parse(gone.read_ranges_string))
        kept.read_ranges_string = ranges.serialize(read)
        kept.last_read_sequence_id = max(kept.last_read_sequence_id, gone.last_read_sequence_id)
        kept.last_read_at = max(filter(None, (kept.last_read_at, gone.last_read_at)), default=None)
        kept.participating = kept.participating or gone.participating
        if gone.revoked_at is None:
            kept.guest = (kept.guest and kept.revoked_at is None) or gone.guest
            kept.admin = (kept.admin and kept.revoked_at is None) or gone.admin
            kept.revoked_at = kept.revoker_id = None
        ctx.db.delete(gone)
    ctx.db.flush()
