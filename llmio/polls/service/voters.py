"""Who may vote: the group's members, those asked beside, and what changes while a poll is open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import or_, select, text

from llmio.accounts import service as accounts
from llmio.accounts.models import User
from llmio.core import audit
from llmio.core.errors import Invalid
from llmio.core.events import Audience
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.groups import invitation_limit
from llmio.groups import queries as groups
from llmio.groups.pasted import MOST_ASKED
from llmio.polls import kinds, queries
from llmio.polls.models import Poll, Stance
from llmio.polls.service.counts import lock, recount

if TYPE_CHECKING:
    from llmio.core.context import Context

MESSAGE_LENGTH = 2000

# In random order: ids that follow the list of members would tell whose anonymous vote is whose.
ENROL = """
INSERT INTO stances (poll_id, participant_id, latest, inviter_id, token, volume, guest, reason_format, created_at, updated_at)
SELECT :poll_id, who.user_id, true, :inviter_id, replace(gen_random_uuid()::text, '-', ''),
  coalesce(dr.volume, m.volume, u.default_membership_volume, 2), m.id IS NULL, 'md', :now, :now
FROM ({who}) who JOIN users u ON u.id = who.user_id AND u.deactivated_at IS NULL AND NOT u.bot
LEFT JOIN memberships m ON m.user_id = u.id AND m.group_id = :group_id AND m.revoked_at IS NULL
LEFT JOIN discussion_readers dr ON dr.user_id = u.id AND dr.discussion_id = :discussion_id AND dr.revoked_at IS NULL
WHERE NOT EXISTS (SELECT FROM stances s WHERE s.poll_id = :poll_id AND s.participant_id = u.id AND s.latest)
ORDER BY random()
ON CONFLICT (poll_id, participant_id, latest) WHERE latest DO NOTHING
RETURNING participant_id
"""
EVERYONE = text(
    ENROL.format(
        who="""
SELECT user_id FROM memberships WHERE group_id = :group_id AND accepted_at IS NOT NULL AND revoked_at IS NULL
UNION SELECT user_id FROM discussion_readers WHERE discussion_id = :discussion_id AND guest AND revoked_at IS NULL"""
    )
)
CHOSEN = text(ENROL.format(who="SELECT unnest(cast(:user_ids AS int[])) AS user_id"))
READ_ALONG = text("""
INSERT INTO discussion_readers (user_id, discussion_id, inviter_id, guest, token, volume, created_at, updated_at)
SELECT s.participant_id, :discussion_id, :inviter_id, true, replace(gen_random_uuid()::text, '-', ''), s.volume, :now, :now
FROM stances s WHERE s.poll_id = :poll_id AND s.latest AND s.guest AND s.participant_id = ANY(cast(:user_ids AS int[]))
ON CONFLICT (user_id, discussion_id) DO UPDATE SET revoked_at = NULL, revoker_id = NULL, guest = true
""")
RETURN = text("""
UPDATE stances SET revoked_at = NULL, revoker_id = NULL, inviter_id = :inviter_id, updated_at = :now
WHERE poll_id = :poll_id AND latest AND revoked_at IS NOT NULL AND participant_id = ANY(cast(:user_ids AS int[]))
RETURNING participant_id
""")
LEFT = text("""
UPDATE stances s SET revoked_at = :now FROM polls p
WHERE p.id = s.poll_id AND p.group_id = :group_id AND p.closed_at IS NULL AND s.latest AND NOT s.guest AND s.revoked_at IS NULL
  AND NOT EXISTS (SELECT FROM memberships m
    WHERE m.group_id = p.group_id AND m.user_id = s.participant_id AND m.revoked_at IS NULL)
RETURNING s.poll_id
""")
CAME_BACK = text("""
UPDATE stances s SET revoked_at = NULL FROM polls p, memberships m
WHERE p.id = s.poll_id AND p.group_id = :group_id AND p.closed_at IS NULL AND s.latest AND s.revoked_at IS NOT NULL
  AND s.revoker_id IS NULL AND NOT s.guest AND m.group_id = p.group_id AND m.user_id = s.participant_id AND m.revoked_at IS NULL
  AND m.accepted_at IS NOT NULL
RETURNING s.poll_id
""")
OPEN = text("""
SELECT id, specified_voters_only OR template AS chosen FROM polls
WHERE group_id = :group_id AND closed_at IS NULL AND discarded_at IS NULL ORDER BY id FOR NO KEY UPDATE
""")


GUESTS_LEFT = text("""
UPDATE stances s SET revoked_at = :now FROM polls p, discussion_readers r
WHERE p.id = s.poll_id AND p.discussion_id = :discussion_id AND p.closed_at IS NULL AND s.latest AND s.guest AND s.revoked_at IS NULL
  AND r.discussion_id = p.discussion_id AND r.user_id = s.participant_id AND r.guest AND r.revoked_at IS NOT NULL
RETURNING s.poll_id
""")
GUESTS_BACK = text("""
UPDATE stances s SET revoked_at = NULL FROM polls p, discussion_readers r
WHERE p.id = s.poll_id AND p.discussion_id = :discussion_id AND p.closed_at IS NULL AND s.latest AND s.guest
  AND s.revoked_at IS NOT NULL AND s.revoker_id IS NULL
  AND r.discussion_id = p.discussion_id AND r.user_id = s.participant_id AND r.guest AND r.revoked_at IS NULL
RETURNING s.poll_id
""")
OPEN_IN_THREAD = text("""
SELECT id, specified_voters_only OR template AS chosen FROM polls
WHERE discussion_id = :discussion_id AND closed_at IS NULL AND discarded_at IS NULL ORDER BY id FOR NO KEY UPDATE
""")


def _values(ctx: Context, poll: Poll) -> dict[str, object]:
    return {
        "poll_id": poll.id,
        "group_id": poll.group_id,
        "discussion_id": poll.discussion_id,
        "inviter_id": ctx.actor_id,
        "now": ctx.now.replace(tzinfo=None),
    }


def enrol_everyone(ctx: Context, poll: Poll) -> list[int]:
    """Give a place to every accepted member and every guest of the thread who has none; returns their ids.

    A poll that belongs to nobody has its author as first voter.
    """
    if poll.group_id is None and poll.discussion_id is None:
        return enrol(ctx, poll, [poll.author_id])
    return [int(user_id) for user_id in ctx.db.scalars(EVERYONE, _values(ctx, poll))]


def enrol(ctx: Context, poll: Poll, user_ids: Sequence[int]) -> list[int]:
    """Give these people a place, also those who were taken out before; returns the ids of those who had none."""
    values = {**_values(ctx, poll), "user_ids": list(user_ids)}
    back = list(ctx.db.scalars(RETURN, values))
    new = list(ctx.db.scalars(CHOSEN, values))
    if poll.discussion_id is not None:
        ctx.db.execute(READ_ALONG, values)
    return [int(user_id) for user_id in (*back, *new)]


def add_voters(
    ctx: Context,
    poll: Poll,
    *,
    user_ids: Sequence[int] = (),
    everyone: bool = False,
    emails: Sequence[str] = (),
    notify: bool = True,
    message: str = "",
) -> list[int]:
    """Ask people to vote: members by id or all of them, others by address (they become guests). Returns the ids of new voters.

    While an opening is planned nobody is told yet; with `notify` all who may vote are told when the poll opens.
    Raises Invalid where an address cannot be read, NotAllowed where guests may not be asked.
    """
    ctx.require(Permission.POLL_ADD_VOTERS, poll)
    if everyone:
        user_ids = groups.member_ids(ctx, poll.group_id) if poll.group_id else ()
    elif len(user_ids) + len(emails) > MOST_ASKED:
        raise Invalid.at("emails", _("At most {count} people at once, please.", count=MOST_ASKED))
    users = list(accounts.find_or_invite_all(ctx, emails).values()) if emails else []
    wanted = [*members_among(ctx, poll, user_ids), *(user.id for user in users)]
    if not wanted:
        raise Invalid.at("emails", _("Please choose somebody."))
    outside = set(wanted) - set(members_among(ctx, poll, wanted))
    if outside:
        ctx.require(Permission.POLL_ADD_GUESTS, poll)
    poll = lock(ctx, poll)
    new = enrol(ctx, poll, wanted)
    invitation_limit.count(ctx, len(outside.intersection(new)) if notify else 0)
    recount(ctx, poll)
    ctx.db.refresh(poll, ["opening"])
    if poll.opening is not None:
        poll.opening.notify = poll.opening.notify or (notify and bool(new))
        poll.opening.message = (short(message) if notify else None) or poll.opening.message
    elif notify and new:
        parent = queries.created_event(ctx, kinds.POLL_CREATED.name, "Poll", poll.id)
        stances = _stance_ids(ctx, poll, new)
        audience = Audience(new, message=short(message))
        ctx.publish(kinds.POLL_ANNOUNCED, poll, parent=parent, audience=audience, custom={"stance_ids": stances})
    return new


def _stance_ids(ctx: Context, poll: Poll, user_ids: Sequence[int]) -> list[int]:
    if poll.anonymous:
        return []
    query = text("SELECT id FROM stances WHERE poll_id = :p AND latest AND participant_id = ANY(cast(:u AS int[]))")
    return [int(one) for one in ctx.db.scalars(query, {"p": poll.id, "u": list(user_ids)})]


def members_among(ctx: Context, poll: Poll, user_ids: Sequence[int]) -> list[int]:
    """Those of these people who belong to the poll's group or read its thread as guests: they can be asked by id."""
    query = text("""
      SELECT user_id FROM memberships WHERE group_id = :group_id AND revoked_at IS NULL AND user_id = ANY(cast(:user_ids AS int[]))
      UNION SELECT user_id FROM discussion_readers
      WHERE discussion_id = :discussion_id AND guest AND revoked_at IS NULL AND user_id = ANY(cast(:user_ids AS int[]))""")
    values = {"group_id": poll.group_id, "discussion_id": poll.discussion_id, "user_ids": list(user_ids)}
    return [int(one) for one in ctx.db.scalars(query, values)]


def short(message: str) -> str | None:
    """A word to people, or None; Invalid where it is too long."""
    if len(message) > MESSAGE_LENGTH:
        raise Invalid.at("message", _("At most {count} characters, please.", count=MESSAGE_LENGTH))
    return message.strip() or None


def redeem(ctx: Context, poll: Poll, *, token: str) -> Stance | None:
    """Take the place that an invitation by mail holds, also under another address than it was sent to.

    None where the invitation was used, or belongs to somebody else who has an account.
    """
    me = ctx.signed_in()
    query = (
        select(Stance)
        .join(User, User.id == Stance.participant_id)
        .where(
            queries.counted(poll.id),
            Stance.token == token,
            Stance.guest.is_(True),
            Stance.cast_at.is_(None),
            Stance.accepted_at.is_(None),
            or_(User.id == me.id, User.email_verified.is_(False)),
        )
        .with_for_update(of=Stance)
    )
    invited = ctx.db.scalars(query).one_or_none()
    if invited is None:
        return None
    if invited.participant_id != me.id and queries.my_stance(ctx, poll.id) is not None:
        return queries.my_stance(ctx, poll.id)
    invited.participant_id, invited.accepted_at = me.id, ctx.now
    ctx.db.flush()
    queries.forget_stance(ctx, poll.id)
    return invited


def remove_voter(ctx: Context, poll: Poll, stance: Stance) -> Stance:
    """Take a person out of a poll; a vote of theirs counts no more."""
    ctx.require(Permission.POLL_ADD_VOTERS, poll)
    if poll.closed_at is not None:
        raise Invalid(_("This poll is closed."))
    poll = lock(ctx, poll)
    stance.revoked_at = ctx.now
    stance.revoker_id = ctx.actor_id
    audit.note(ctx, "poll.remove_voter", poll, group_id=poll.group_id, user_id=stance.participant_id)
    recount(ctx, poll)
    ctx.changed(stance)
    return stance


def set_poll_admin(ctx: Context, poll: Poll, stance: Stance, *, admin: bool) -> Stance:
    """Let a voter lead this poll, or no longer."""
    ctx.require(Permission.STANCE_MAKE_ADMIN if admin else Permission.STANCE_REMOVE_ADMIN, poll)
    if bool(stance.admin) != admin:
        act = "poll.make_admin" if admin else "poll.remove_admin"
        audit.note(ctx, act, poll, group_id=poll.group_id, user_id=stance.participant_id)
    stance.admin = admin
    ctx.db.flush()
    queries.forget_stance(ctx, poll.id)
    return stance


def remind(ctx: Context, poll: Poll, *, user_ids: Sequence[int] | None = None, message: str = "") -> list[int]:
    """Remind those who have not voted (or those of `user_ids` who may vote); returns whom."""
    ctx.require(Permission.POLL_REMIND, poll)
    if poll.closed_at is not None or poll.closing_at is None or poll.closing_at <= ctx.now:
        raise Invalid(_("Votes can no longer be cast, so there is nothing to remind of."))
    chosen = queries.voter_ids(ctx, poll.id, undecided=user_ids is None)
    if user_ids is not None:
        wanted = set(user_ids)
        chosen = [user_id for user_id in chosen if user_id in wanted]
    if not chosen:
        raise Invalid.at(
            "user_ids",
            _("Nobody is left to remind: all have voted.") if user_ids is None else _("Please choose somebody."),
        )
    parent = queries.created_event(ctx, kinds.POLL_CREATED.name, "Poll", poll.id)
    ctx.publish(kinds.POLL_REMINDER, poll, parent=parent, audience=Audience(chosen, message=short(message)))
    return chosen


def follow_members(ctx: Context, group_id: int) -> None:
    """Bring the voters of a group's open polls in line with its members: new ones get a place, those who left lose it."""
    values = {"group_id": group_id, "now": ctx.now.replace(tzinfo=None)}
    open_to_all = {row.id: not row.chosen for row in ctx.db.execute(OPEN, values)}
    changed = set(ctx.db.scalars(LEFT, values)) | set(ctx.db.scalars(CAME_BACK, values))
    for poll in queries.by_ids(ctx, open_to_all):
        new = enrol_everyone(ctx, poll) if open_to_all[poll.id] else []
        if new or poll.id in changed:
            recount(ctx, poll)


def follow_guests(ctx: Context, discussion_id: int) -> None:
    """Bring the voters of a thread's open polls in line with its guests."""
    values = {"discussion_id": discussion_id, "now": ctx.now.replace(tzinfo=None)}
    open_to_all = {row.id: not row.chosen for row in ctx.db.execute(OPEN_IN_THREAD, values)}
    if not open_to_all:
        return
    changed = set(ctx.db.scalars(GUESTS_LEFT, values)) | set(ctx.db.scalars(GUESTS_BACK, values))
    for poll in queries.by_ids(ctx, open_to_all):
        new = enrol_everyone(ctx, poll) if open_to_all[poll.id] else []
        if new or poll.id in changed:
            recount(ctx, poll)
