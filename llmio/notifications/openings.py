"""The mail to who planned that a poll opens, where it could not be opened."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from llmio import mail
from llmio.accounts.models import User
from llmio.core.i18n import _
from llmio.core.urls import absolute
from llmio.polls import cards
from llmio.polls.models import Poll

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.core.ports import Mail

REASONS = {
    "late": _("Its time to close had passed before it could be opened."),
    "group": _("Its group is archived."),
    "thread": _("Its thread is closed, or was removed."),
    "person": _("Whoever planned it may not open it any more."),
    "settings": _("Its kind of poll is not available, or does not take its settings any more."),
}
"""Reason, as `polls.service.open_due` gives it → what is said of it."""


def not_opened(ctx: Context, poll_id: int, user_id: int, opening_at: datetime, reason: str) -> Mail | None:
    """The mail; None where the poll or the account is gone."""
    poll, user = ctx.db.get(Poll, poll_id), ctx.db.get(User, user_id)
    if poll is None or poll.discarded_at is not None:
        return None
    if user is None or not user.email or not user.email_verified or user.deactivated_at is not None:
        return None
    path = cards.path_of(poll)
    with mail.language_of(user):
        return mail.compose(
            ctx,
            user,
            "mail/notice.jinja2",
            _("This poll did not open: {title}", title=poll.title),
            {
                "headline_text": poll.title,
                "paragraphs": [
                    _("It was to open on {time}, but could not be opened.", time=mail.moment(opening_at, user)),
                    REASONS[reason],
                    _("It stays a draft, and nobody was told of it. To open it, edit it and choose new times."),
                ],
                "facts_shown": [],
                "call": _("Go to the poll"),
                "link": absolute(ctx.app.settings, path, utm_medium="email", utm_campaign="poll_not_opened"),
                "why": _("You get this because you planned when the poll opens, or started it."),
            },
            kind="poll_not_opened",
            message_id=f"poll-not-opened-{poll.id}-{int(opening_at.timestamp())}",
        )
