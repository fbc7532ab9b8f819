"""What every text that comes in must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio.core import richtext
from llmio.core.errors import Invalid
from llmio.core.i18n import _
from llmio.tasks.lines import numbered

if TYPE_CHECKING:
    from llmio.core.context import Context


def taken(ctx: Context, text: str, format: str, *, field: str, required: bool = True) -> str:
    """The text as it is stored; Invalid at `field` where it is empty (if it must not be) or too long."""
    cleaned = richtext.clean(text, format)
    limit = ctx.app.settings.number("text.max_length")
    length = richtext.visible_length(cleaned, format)
    if length > limit:
        raise Invalid.at(
            field, _("This is too long: {length} characters, at most {limit}.", length=length, limit=limit)
        )
    if length == 0:
        if required:
            raise Invalid.at(field, _("Please write something."))
        return ""
    return numbered(cleaned, format)
