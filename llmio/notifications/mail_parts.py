"""What a mail about an event has beside the text: files as links, signs for boxes, and pictures that say that it was opened."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import select

from llmio.core.i18n import _
from llmio.core.urls import absolute
from llmio.notifications.models import Notification
from llmio.tasks.lines import IS_TASK, ITEM

if TYPE_CHECKING:
    from llmio.accounts.models import User
    from llmio.core.context import Context
    from llmio.core.settings import Settings
    from llmio.core.tables import Event
    from llmio.notifications.subjects import Subject

DONE, OPEN = "\u2611", "\u2610"
INTO_PARAGRAPH = re.compile(r"\s*<p>")


def with_signs(html: str) -> str:
    """A text whose boxes can be read without our style sheet."""
    if IS_TASK not in html:
        return html
    made, at = [], 0
    for match in ITEM.finditer(html):
        if IS_TASK in match[1]:
            inner = INTO_PARAGRAPH.match(html, match.end())
            end = inner.end() if inner else match.end()
            made += [html[at:end], DONE if ' data-checked="true"' in match[1] else OPEN, " "]
            at = end
    return "".join([*made, html[at:]])


def files_of(settings: Settings, subject: Subject) -> list[tuple[str, str]]:
    """(name, address) of what is attached; whoever follows it has to sign in where the thread wants it."""
    return [
        (str(one.get("filename") or _("file")), absolute(settings, str(one["download_url"])))
        for one in getattr(subject.record, "attachments", None) or ()
        if isinstance(one, dict) and str(one.get("download_url", "")).startswith("/")
    ]


def seen_by(ctx: Context, event: Event, user: User) -> list[str]:
    """Addresses of pictures that a mail program asks for when the mail is opened: item and notice are read then, as in the reference."""
    found = []
    if event.discussion_id and event.sequence_id:
        found.append(
            f"/email_actions/mark_discussion_as_read/{event.discussion_id}/{event.id}/{user.unsubscribe_token}"
        )
    notice = select(Notification.id).where(Notification.event_id == event.id, Notification.user_id == user.id)
    notice_id = ctx.db.scalar(notice.limit(1))
    if notice_id is not None:
        found.append(f"/email_actions/mark_notification_as_read/{notice_id}/{user.unsubscribe_token}")
    return [absolute(ctx.app.settings, path) for path in found]
