"""Writing to the people who run the site, and to people one shares a place with, without knowing their address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import aliased

from llmio import mail
from llmio.accounts.models import User
from llmio.core.errors import NotFound
from llmio.core.i18n import _
from llmio.core.urls import absolute
from llmio.discussions.models import DiscussionReader
from llmio.groups.models import Membership
from llmio.polls.models import Stance

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.core.ports import Mail


def may_contact(ctx: Context, person: Any) -> bool:
    """Whether the actor shares a group, thread or poll with a person."""
    me = ctx.actor
    if me is None or not me.verified or person.id == me.id or person.deactivated_at is not None or person.bot:
        return False
    if not person.email or not person.email_verified:
        return False
    return bool(ctx.db.scalar(select(_shared(me.id, person.id))))


def _shared(one: int, other: int) -> Any:
    mine, theirs = aliased(Membership), aliased(Membership)
    group = (
        exists()
        .where(mine.user_id == one, theirs.user_id == other, mine.group_id == theirs.group_id)
        .where(mine.revoked_at.is_(None), theirs.revoked_at.is_(None))
        .where(mine.accepted_at.is_not(None), theirs.accepted_at.is_not(None))
    )
    here, there = aliased(DiscussionReader), aliased(DiscussionReader)
    thread = (
        exists()
        .where(here.user_id == one, there.user_id == other, here.discussion_id == there.discussion_id)
        .where(and_(here.guest.is_(True), here.revoked_at.is_(None)), there.revoked_at.is_(None))
    )
    my_vote, their_vote = aliased(Stance), aliased(Stance)
    poll = (
        exists()
        .where(my_vote.participant_id == one, their_vote.participant_id == other, my_vote.poll_id == their_vote.poll_id)
        .where(my_vote.revoked_at.is_(None), their_vote.revoked_at.is_(None))
        .where(my_vote.guest.is_(True))
    )
    return group | thread | poll


def to_support(
    ctx: Context, *, name: str, email: str, subject: str, message: str, user_id: int | None, key: str
) -> Mail:
    """To the people who run the site, to be answered to whoever wrote."""
    address = ctx.app.settings.text("site.support_email")
    if not address:
        raise NotFound(_("This site has no address for such messages."))
    reader = mail.Recipient(address)
    with mail.language_of(reader):
        return mail.compose(
            ctx,
            reader,
            "mail/notice.jinja2",
            subject,
            {
                "headline_text": subject,
                "paragraphs": [],
                "quoted": message,
                "facts_shown": [(_("From"), f"{name} <{email}>"), (_("Account"), str(user_id or ""))],
                "why": _("Somebody wrote this in the contact form. An answer goes to them."),
                "delimiter": "",
            },
            kind="contact_message",
            message_id=f"contact-{key}",
            actor_name=name,
            reply_to=(name, email),
        )


def to_person(ctx: Context, sender_id: int, recipient_id: int, message: str, key: str) -> Mail | None:
    """To a person from one who shares a place with them; the answer goes to the sender's own address."""
    sender, recipient = ctx.db.get(User, sender_id), ctx.db.get(User, recipient_id)
    if sender is None or not sender.email or recipient is None or not recipient.email:
        return None
    if recipient.deactivated_at is not None:
        return None
    name = sender.name or ""
    with mail.language_of(recipient):
        headline = _("{name} writes to you", name=name)
        return mail.compose(
            ctx,
            recipient,
            "mail/notice.jinja2",
            headline,
            {
                "headline_text": headline,
                "paragraphs": [],
                "quoted": message,
                "call": _("See who {name} is", name=name),
                "link": absolute(ctx.app.settings, f"/u/{sender.username}"),
                "notes": [_("Your address was not shown. If you reply to this mail, {name} sees it.", name=name)],
                "why": _("You share a group, a thread or a poll with {name}.", name=name),
                "delimiter": "",
            },
            kind="contact_request",
            message_id=f"contact-{sender.id}-{recipient.id}-{key}",
            actor_name=name,
            reply_to=(name, sender.email),
        )
