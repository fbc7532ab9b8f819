"""Comments, and other parts that are many on a page, as HTML: made once for all who see the same of them.

Most of the time a thread page takes would go into the markup around its comments (menus, reactions, forms). What it
shows depends on few things, all of them in `key_of`; the one that differs for everybody, the token of the forms, is
put in when the page is made.
"""

from __future__ import annotations

import secrets
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup
from pyramid.renderers import render

from llmio.core import i18n
from llmio.core.cache import Recent
from llmio.discussions.timeline import Entry

TEMPLATE = "llmio:web/templates/discussions/fragments.jinja2"
# Nobody can know these, so no text that somebody wrote can hold them.
TOKEN = f"token-{secrets.token_hex(16)}"
BORDER = f"<!--{secrets.token_hex(16)}-->"
MINUTE, HOUR, DAY = 60, 3600, 86400

_kept: Recent[bytes] = Recent(6_000_000)


def comments(request: Any, entries: Iterable[Entry], *, first_visit: bool) -> Mapping[int, Markup]:
    """The comments among these items by id, as HTML."""
    wanted = [entry for entry in entries if entry.event.eventable_type == "Comment"]
    keyed = [((*key_of(entry, request.ctx.now), first_visit), entry) for entry in wanted]
    made = once(request, TEMPLATE, keyed, first_visit=first_visit)
    return {entry.item.id: html for entry, html in zip(wanted, made, strict=True)}


def once(request: Any, template: str, keyed: Sequence[tuple[tuple[Hashable, ...], Any]], **values: Any) -> list[Markup]:
    """The HTML of each value, in their order: what was made before for the same key is taken again.

    A key holds all that the markup depends on; the template and the reader's language and zone are added to it here. The
    template gets those values that are missing as `entries` and puts `border` after each.
    """
    zone = request.identity_once.time_zone if request.identity_once else "UTC"
    keys = [(template, i18n.current.get(), zone, *key) for key, _value in keyed]
    found = [_kept.get(key) for key in keys]
    missing = [place for place, held in enumerate(found) if held is None]
    token = request.session.get_csrf_token()
    fresh = _made(request, template, [keyed[place][1] for place in missing], values)
    for place, html in zip(missing, fresh, strict=True):
        found[place] = held = html.replace(token, TOKEN).encode()
        _kept.put(keys[place], held)
    return [Markup(held.decode().replace(TOKEN, token)) for held in found if held is not None]  # noqa: S704  # our own


def _made(request: Any, template: str, entries: Sequence[Any], values: Mapping[str, Any]) -> list[str]:
    if not entries:
        return []
    border = Markup(BORDER)  # noqa: S704  # made above
    return render(template, {**values, "entries": entries, "border": border}, request).split(BORDER)[:-1]


def key_of(entry: Entry, now: datetime) -> tuple[Hashable, ...]:
    """All that the markup of a comment depends on."""
    item, rights = entry.item, entry.item.rights
    return (
        item.id,
        item.thread_key,
        item.author,
        item.body,
        item.created_at,
        age(item.created_at, now),
        item.edited_at,
        item.discarded_at,
        str(item.attachments) if item.attachments else "",
        item.tally,
        item.can_edit,
        item.can_discard,
        item.can_destroy,
        rights.pin,
        entry.event.pinned,
        rights.reply,
        rights.react,
        rights.actor_id is not None,
        entry.depth,
        entry.unread,
    )


def age(moment: datetime | None, now: datetime) -> int:
    """How old, as coarsely as it may be without "3 minutes ago" going stale."""
    seconds = int((now - moment).total_seconds()) if moment else 0
    if seconds < 2 * HOUR:
        return seconds // MINUTE
    if seconds < 2 * DAY:
        return 1000 + seconds // (15 * MINUTE)
    return 2000 + seconds // (6 * HOUR)
