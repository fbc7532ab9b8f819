"""People as JSON, as other people see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmio.accounts import portraits
from llmio.core.serialize import columns

if TYPE_CHECKING:
    from llmio.core.context import Context

AUTHOR = "id name username avatar_initials avatar_kind time_zone created_at email_verified bot"


def author(ctx: Context, user: Any) -> dict[str, Any]:
    """A person (a user, or a row with these columns and locales) as others see them; the address stays theirs."""
    return columns(user, AUTHOR) | {
        "email": None,
        "locale": user.selected_locale or user.detected_locale or "en",
        "thumb_url": portraits.path(ctx.app, user.id, user.picture) or None,
        "titles": {},
        "delegates": {},
        "placeholder_name": None if user.name else "",
    }
