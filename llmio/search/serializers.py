"""Results of a search as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llmio.accounts import serializers as people
from llmio.core.serialize import Records, plain
from llmio.polls import queries
from llmio.polls import serializers as polls
from llmio.search.results import Found

if TYPE_CHECKING:
    from llmio.core.context import Context


def search_results(ctx: Context, found: Sequence[Found]) -> Records:
    """Root `search_results`, with the authors and polls that they speak of."""
    authors = {one.author.id: one.author for one in found if one.author is not None}
    whole = queries.by_ids(ctx, {one.poll.id for one in found if one.poll is not None})
    return {
        "search_results": [search_result(one, number) for number, one in enumerate(found)],
        "users": [people.author(ctx, author) for author in authors.values()],
        "polls": [polls.poll(ctx, poll) for poll in whole],
    }


def search_result(one: Found, number: int) -> dict[str, Any]:
    """One result; `highlight` has `<b>` around the words found, and `id` counts within the answer."""
    discussion, poll, group, author = one.discussion, one.poll, one.group, one.author
    return {
        "id": number,
        "searchable_type": one.record_type,
        "searchable_id": one.record_id,
        "poll_title": poll.title if poll else None,
        "discussion_title": discussion.title if discussion else None,
        "discussion_key": discussion.key if discussion else None,
        "highlight": str(one.highlight).replace("<mark>", "<b>").replace("</mark>", "</b>"),
        "poll_key": poll.key if poll else None,
        "poll_id": poll.id if poll else None,
        "sequence_id": one.sequence_id,
        "group_id": group.id if group else None,
        "group_handle": group.handle if group else None,
        "group_key": group.key if group else None,
        "group_name": (group.full_name or group.name) if group else None,
        "author_name": author.name if author else None,
        "author_id": author.id if author else None,
        "authored_at": plain(one.at),
        "tags": list(one.tags),
    }
