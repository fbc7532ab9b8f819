"""Where an answer to a mail goes: an address that names the thread, what is answered, and the person, with their key.

Source: the address forms of the reference (`pt=…&pi=…&d=…&u=…&k=…`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio.accounts.models import User

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.notifications.subjects import Subject

LETTERS = {"Poll": "p", "Comment": "c", "Stance": "s", "Outcome": "o"}


def address(ctx: Context, subject: Subject, user: User) -> tuple[str, str] | None:
    """(name of the group, reply address) for mails about a thread; None where no mail comes in."""
    host = ctx.app.settings.text("mail.reply_host")
    if not host or subject.discussion is None or not user.email_api_key:
        return None
    parts = {"d": subject.discussion.id, "u": user.id, "k": user.email_api_key}
    letter = LETTERS.get(type(subject.record).__name__)
    if letter:
        parts = {"pt": letter, "pi": subject.record.id, **parts}
    name = (subject.group.name or "")[:50] if subject.group else ctx.app.settings.text("site.name")
    return name, "&".join(f"{key}={value}" for key, value in parts.items()) + f"@{host}"
