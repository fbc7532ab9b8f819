"""Reactions: one emoji of each person on a text of any type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from llmio.core.errors import Invalid
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions import kinds
from llmio.discussions.models import Comment, Reaction
from llmio.discussions.values import emoji_of, is_emoji

if TYPE_CHECKING:
    from llmio.core.context import Context


def _show_anew(ctx: Context, record_type: str, record_id: int) -> None:
    """A reaction that is changed or gone is no event: the comment it stands under is told to open pages instead."""
    comment = ctx.db.get(Comment, record_id) if record_type == "Comment" else None
    if comment is not None:
        comment.updated_at = ctx.now
        ctx.db.flush()
        ctx.changed(comment)


def react(ctx: Context, record_type: str, record_id: int, *, emoji: str) -> Reaction | None:
    """Set the actor's reaction; the same again takes it back (then None)."""
    ctx.require(Permission.REACTION_CREATE, (record_type, record_id))
    emoji = emoji.strip() and emoji_of(emoji.strip())
    query = select(Reaction).where(
        Reaction.reactable_type == record_type,
        Reaction.reactable_id == record_id,
        Reaction.user_id == ctx.signed_in().id,
    )
    found = ctx.db.scalars(query.order_by(Reaction.id).with_for_update()).first()
    if found is not None and emoji_of(found.reaction) == emoji:
        ctx.db.delete(found)
        ctx.db.flush()
        _show_anew(ctx, record_type, record_id)
        return None
    if not is_emoji(emoji):
        raise Invalid.at("reaction", _("Please choose an emoji."))
    if found is not None:
        found.reaction = emoji
        ctx.db.flush()
        ctx.changed(found)
        _show_anew(ctx, record_type, record_id)
        return found
    made = Reaction(
        reactable_type=record_type,
        reactable_id=record_id,
        user_id=ctx.signed_in().id,
        reaction=emoji,
        created_at=ctx.now,
    )
    ctx.db.add(made)
    ctx.db.flush()
    ctx.publish(kinds.REACTION_CREATED, made)
    ctx.changed(made)
    return made
