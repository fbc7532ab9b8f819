"""The values behind a message, for programs. The plugin `webhook_json` publishes their schema."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from llmio.accounts.models import User
from llmio.core.urls import absolute, site_url
from llmio.discussions.models import Comment, Discussion
from llmio.files import pictures
from llmio.groups.models import Group
from llmio.notifications.subjects import discussion_path, poll_path
from llmio.polls import queries, results
from llmio.polls.models import Outcome, Poll, Stance
from llmio.polls.values import poll_value

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.integrations.parts import Telling


def data_of(telling: Telling, *, full: bool) -> dict[str, Any]:
    """What formats need beside the text, and under `event` the whole for programs. Without `full`: no text, no result."""
    subject, settings = telling.subject, telling.ctx.app.settings
    return {
        "site_name": settings.text("site.name"),
        "icon_url": icon_url(telling.ctx, subject.group),
        "theme_color": settings.text("theme.primary"),
        "title": subject.title,
        "group": subject.group.name if subject.group else "",
        "event": {
            "id": telling.event.id,
            "kind": telling.event.kind,
            "created_at": _time(telling.event.created_at),
            "site": {"name": settings.text("site.name"), "url": site_url(settings)},
            "group": group_data(telling.ctx, subject.group),
            "actor": _person(telling.actor) if telling.name else None,
            "message": telling.event.custom_fields.get("recipient_message"),
            **_records(telling, full=full),
        },
    }


def icon_url(ctx: Context, group: Group | None) -> str:
    """The address of a group's logo; empty where it has none."""
    path = pictures.of_group(ctx, group).logo if group is not None else ""
    return absolute(ctx.app.settings, path) if path else ""


def _records(telling: Telling, *, full: bool) -> dict[str, Any]:
    subject, record = telling.subject, telling.subject.record
    made: dict[str, Any] = {}
    if subject.discussion is not None:
        made["discussion"] = _discussion(telling, subject.discussion, full=full and isinstance(record, Discussion))
    if isinstance(record, Comment):
        made["comment"] = _written(telling, record, record.body, record.body_format, subject.path, full=full)
    if subject.poll is not None:
        made["poll"] = _poll(telling, subject.poll, full=full)
    if isinstance(record, Stance):
        made["stance"] = _stance(telling, record, full=full)
    if isinstance(record, Outcome):
        made["outcome"] = _outcome(telling, record, full=full)
    return made


def _time(value: datetime | None) -> str | None:
    if value is None:
        return None
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="seconds")


def _person(user: User | None) -> dict[str, Any] | None:
    return {"id": user.id, "name": user.name, "username": user.username} if user else None


def group_data(ctx: Context, group: Group | None) -> dict[str, Any] | None:
    """A group."""
    if group is None:
        return None
    url = absolute(ctx.app.settings, f"/g/{group.key}")
    return {"id": group.id, "key": group.key, "name": group.full_name or group.name, "handle": group.handle, "url": url}


def _text(telling: Telling, text: str | None, text_format: str) -> dict[str, str]:
    made = telling.prose(text, text_format)
    return {"html": made.html if made else "", "markdown": made.markdown if made else ""}


def _files(telling: Telling, record: Any) -> list[dict[str, Any]]:
    return [
        {
            "filename": one.get("filename"),
            "content_type": one.get("content_type"),
            "byte_size": one.get("byte_size"),
            "url": absolute(telling.ctx.app.settings, str(one["download_url"])),
        }
        for one in record.attachments or ()
        if isinstance(one, dict) and str(one.get("download_url", "")).startswith("/")
    ]


def _written(
    telling: Telling, record: Any, text: str | None, text_format: str, path: str, *, full: bool
) -> dict[str, Any]:
    made: dict[str, Any] = {"id": record.id, "url": absolute(telling.ctx.app.settings, path)}
    if full:
        made |= {"body": _text(telling, text, text_format), "files": _files(telling, record)}
    return made


def _discussion(telling: Telling, row: Discussion, *, full: bool) -> dict[str, Any]:
    made = _written(telling, row, row.description, row.description_format, discussion_path(row), full=full)
    return {**made, "key": row.key, "title": row.title}


def _poll(telling: Telling, row: Poll, *, full: bool) -> dict[str, Any]:
    made = _written(telling, row, row.details, row.details_format, poll_path(row), full=full)
    made |= {
        "key": row.key,
        "title": row.title,
        "poll_type": row.poll_type,
        "closing_at": _time(row.closing_at),
        "closed_at": _time(row.closed_at),
        "anonymous": row.anonymous,
        "hide_results": row.hide_results,
        "voters_count": row.voters_count,
        "cast_count": row.voters_count - row.undecided_voters_count,
    }
    if full:
        made["options"], made["results"] = _options(telling, row)
    return made


def _options(telling: Telling, row: Poll) -> tuple[list[dict[str, Any]], list[dict[str, Any]] | None]:
    """The options with their ballot links; the results, or None where not everyone may see them."""
    whole = queries.by_ids(telling.ctx, [row.id])[0]
    value = poll_value(telling.ctx.app, whole)
    settings = telling.ctx.app.settings
    options = [
        {
            "id": one.id,
            "name": one.name,
            "meaning": one.meaning,
            "vote_url": absolute(settings, poll_path(row), poll_option_id=one.id),
        }
        for one in value.options
    ]
    if not results.visible_to_everyone(row):
        return options, None
    result = results.tally(telling.ctx, whole, value, results.profiles(telling.ctx, [whole])[row.id])
    return options, [
        {
            "id": one.option_id,
            "name": one.name,
            "rank": one.rank,
            "score": results.number(one.score),
            "voter_count": results.number(one.voter_count),
            "score_percent": results.number(one.score_percent),
            "voter_percent": results.number(one.voter_percent),
            "test_result": one.test_result,
        }
        for one in result.rows
    ]


def _stance(telling: Telling, row: Stance, *, full: bool) -> dict[str, Any] | None:
    """A vote; of a secret one nothing at all, not even its id, by which it could be known later."""
    if telling.secret:
        return None
    made: dict[str, Any] = {"id": row.id, "voter": _person(row.participant)}
    if full:
        scores = {str(key): int(score) for key, score in (row.option_scores or {}).items()}
        made |= {"option_scores": scores, "none_of_the_above": row.none_of_the_above}
        made |= {"reason": _text(telling, row.reason, row.reason_format), "files": _files(telling, row)}
    return made


def _outcome(telling: Telling, row: Outcome, *, full: bool) -> dict[str, Any]:
    made = _written(telling, row, row.statement, row.statement_format, telling.subject.path, full=full)
    review = row.review_on.isoformat() if row.review_on else None
    return {**made, "poll_option_id": row.poll_option_id, "review_on": review}
